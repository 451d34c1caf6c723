"""How a step's end becomes the task's: errors, waits, cancels, time limits."""

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.step import StepState
from shared.domain.task import Task, TaskState
from shared.errors import MediaError, TransientError
from shared.messaging.reconciler import Reconciler
from shared.pipeline.step import Step
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from shared.progress.memory_board import MemoryBoard
from shared.tasks.cancel import cancel_task
from tests.support.toy import FAST, ToyRoom

pytestmark = pytest.mark.alone


def _topics(room: ToyRoom) -> list[str]:
    with room.database.read() as unit:
        return [row.topic for row in unit.outbox.unsent(99)]


def test_a_permanent_error_ends_the_task_with_its_reason(room: ToyRoom) -> None:
    def during(tools: Tools, task: Task, name: str) -> None:
        raise MediaError("not_a_video", "a.mp4 is not a video.")

    task_id = room.submit()
    room.toy.during = during
    assert not room.ring(task_id, "first")
    status = room.status(task_id)
    assert status.state == TaskState.FAILED
    assert status.error is not None
    assert (status.error.step, status.error.code) == ("first", "not_a_video")
    assert status.steps[0].error == status.error
    assert room.states(task_id)["second", 0] == StepState.CANCELLED
    assert _topics(room)[-1] == "task.failed.v1"
    assert not room.ring(task_id, "first"), "a task has one end"


def test_a_bug_in_a_step_does_not_leak_into_the_answer(room: ToyRoom) -> None:
    def during(tools: Tools, task: Task, name: str) -> None:
        raise KeyError("the password is hunter2")

    task_id = room.submit()
    room.toy.during = during
    assert not room.ring(task_id, "first")
    error = room.status(task_id).error
    assert error is not None
    assert error.code == "internal_error"
    assert "hunter2" not in error.message


def test_short_troubles_are_sat_out_inside_the_lease(room: ToyRoom) -> None:
    def during(tools: Tools, task: Task, name: str) -> None:
        if room.toy.runs[task.id, name, 0] < 3:
            raise TransientError("busy", "Busy.")

    task_id = room.submit()
    room.toy.during = during
    assert room.ring(task_id, "first")
    assert room.toy.runs[task_id, "first", 0] == 3
    assert room.status(task_id).steps[0].attempt == 1


def test_longer_troubles_put_the_step_off_and_then_fail(room: ToyRoom) -> None:
    def during(tools: Tools, task: Task, name: str) -> None:
        raise TransientError("disk_full", "The disk is full.")

    task_id = room.submit()
    room.run_until(task_id, "join")
    room.toy.during = during
    assert not room.ring(task_id, "join")
    status = room.status(task_id)
    join = next(step for step in status.steps if step.name == "join")
    assert status.state == TaskState.RUNNING
    assert join.state == StepState.READY
    assert join.resume_at is not None
    assert join.resume_at - datetime.now(UTC) <= timedelta(seconds=FAST.resume)
    assert join.error is not None
    assert join.error.code == "disk_full"
    assert not room.ring(task_id, "join"), "before its time"
    time.sleep(FAST.resume + 0.05)
    assert not room.ring(task_id, "join"), "declared with one retry"
    assert room.status(task_id).state == TaskState.FAILED


def test_a_cancel_interrupts_a_running_step_within_two_seconds(room: ToyRoom) -> None:
    reports = 0

    def during(tools: Tools, task: Task, name: str) -> None:
        nonlocal reports
        with room.database.begin() as unit:
            cancel_task(unit, "ada", task.id)
        cancelled = time.monotonic()
        while time.monotonic() - cancelled < 10:
            tools.progress.report(task.id, name, reports, None, "frames")
            reports += 1
            time.sleep(0.01)

    task_id = room.submit()
    room.toy.during = during
    started = time.monotonic()
    assert not room.ring(task_id, "first")
    assert time.monotonic() - started < 5
    assert room.status(task_id).state == TaskState.CANCELLED
    with room.database.read() as unit:
        assert not unit.steps.leased(task_id, datetime.now(UTC)), "files may be erased at once"
    assert _topics(room)[-1] == "task.cancelled.v1"


def test_a_step_that_takes_too_long_is_put_off(room: ToyRoom) -> None:
    def endless(tools: Tools, task: Task) -> None:
        while True:
            tools.progress.report(task.id, "endless", 0, None, "frames")
            time.sleep(0.01)

    room.pipelines["toy"] = (Step(endless, timeout_seconds=0.2, queue=room.toy.queue("e")),)
    task_id = room.submit()
    assert not room.ring(task_id, "endless")
    (step,) = room.status(task_id).steps
    assert step.state == StepState.READY
    assert step.error is not None
    assert step.error.code == "step_timeout"


def test_a_heartbeat_keeps_a_long_step(room: ToyRoom) -> None:
    short = replace(FAST, lease=2.0, heartbeat=0.2)
    room.worker = StepWorker(room.database, room.pipelines, room.worker._tools, short)
    task_id = room.submit()
    room.toy.during = lambda tools, task, name: time.sleep(3.0)
    assert room.ring(task_id, "first")


def test_a_step_of_another_version_fails_with_its_name(room: ToyRoom) -> None:
    task_id = room.submit()
    room.pipelines["toy"] = room.toy.pipeline[1:]
    assert not room.ring(task_id, "first")
    error = room.status(task_id).error
    assert error is not None
    assert error.code == "unknown_step"


def test_a_worker_that_closes_gives_its_step_back(room: ToyRoom) -> None:
    def during(tools: Tools, task: Task, name: str) -> None:
        room.worker.close()
        tools.progress.report(task.id, name, 0, None, "frames")

    task_id = room.submit()
    room.doorbells()
    room.toy.during = during
    assert not room.ring(task_id, "first")
    assert room.states(task_id)["first", 0] == StepState.READY
    assert not room.ring(task_id, "first"), "it claims no more"
    reconciler = Reconciler(room.database, room.pipelines, FAST)
    assert reconciler.look() == 1, "another worker is rung at once"


def test_progress_is_forgotten_when_the_task_ends_and_not_before(room: ToyRoom) -> None:
    board = _on_a_board(room)

    def during(tools: Tools, task: Task, name: str) -> None:
        tools.progress.report(task.id, name, 1, 2, "frames")

    room.toy.during = during
    task_id = room.submit()
    room.run_until(task_id, "last")
    assert board.read(task_id) is not None
    assert room.ring(task_id, "last")
    assert room.status(task_id).state == TaskState.SUCCEEDED
    assert board.read(task_id) is None


def test_progress_of_a_failed_or_cancelled_task_is_forgotten(room: ToyRoom) -> None:
    board = _on_a_board(room)

    def fails(tools: Tools, task: Task, name: str) -> None:
        tools.progress.report(task.id, name, 1, 2, "frames")
        raise MediaError("not_a_video", "a.mp4 is not a video.")

    room.toy.during = fails
    failed = room.submit()
    assert not room.ring(failed, "first")
    assert board.read(failed) is None

    def cancelled_meanwhile(tools: Tools, task: Task, name: str) -> None:
        with room.database.begin() as unit:
            cancel_task(unit, "ada", task.id)
        while True:
            tools.progress.report(task.id, name, 1, 2, "frames")
            time.sleep(0.01)

    room.toy.during = cancelled_meanwhile
    cancelled = room.submit()
    assert not room.ring(cancelled, "first")
    assert board.read(cancelled) is None


def _on_a_board(room: ToyRoom) -> MemoryBoard:
    board = MemoryBoard()
    tools = replace(room.worker._tools, progress=board)
    room.worker = StepWorker(room.database, room.pipelines, tools, room.times)
    return board
