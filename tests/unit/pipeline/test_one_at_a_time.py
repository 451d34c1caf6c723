"""Steps that take hours leave threads to the others."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from model_trainer.pipeline import QUEUE
from shared.domain.step import StepState
from shared.domain.task import Task, TaskState
from shared.messaging.reconciler import Reason, Reconciler
from shared.pipeline.celery_app import queues_of
from shared.pipeline.one_at_a_time import OneAtATime, steps_of
from shared.pipeline.tools import Tools
from tests.support.toy import ToyRoom
from workers.pipeline import PIPELINES

SECONDS = 60


class _LongSteps:
    """`first` runs until `go_on` is set; `begun` says that one does."""

    def __init__(self, room: ToyRoom) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        room.toy.during = self._during

    def _during(self, tools: Tools, task: Task, name: str) -> None:
        if name == "first":
            self.begun.set()
            assert self.go_on.wait(SECONDS)


@pytest.fixture
def long(room: ToyRoom) -> Iterator[_LongSteps]:
    """A room whose early steps take turns."""
    early, tools = room.toy.queue("early"), room.worker._tools
    room.worker = OneAtATime(room.database, room.pipelines, tools, room.times, queue=early)
    steps = _LongSteps(room)
    yield steps
    steps.go_on.set()


def test_a_training_takes_its_turn_and_nothing_else_does() -> None:
    trained = steps_of(PIPELINES, QUEUE)
    assert trained == {"fit", "evaluate"}
    for queue in queues_of(PIPELINES) - {QUEUE}:
        assert not steps_of(PIPELINES, queue) & trained, queue


def test_the_second_one_holds_no_thread_and_comes_when_the_first_is_done(
    room: ToyRoom, long: _LongSteps
) -> None:
    one, other = room.submit(), room.submit()
    room.doorbells()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(room.ring, one, "first")
        assert long.begun.wait(SECONDS)
        assert not room.ring(other, "first")
        waiting = room.status(other)
        assert (waiting.state, waiting.steps[0].state) == (TaskState.QUEUED, StepState.READY)
        assert (waiting.error, waiting.steps[0].attempt) == (None, 0)
        assert room.toy.runs[other, "first", 0] == 0
        long.go_on.set()
        assert running.result(SECONDS)
    reconciler = Reconciler(room.database, room.pipelines, room.times)
    while not reconciler.look():
        assert not reconciler.rings
    assert reconciler.rings == {Reason.RESUMED: 1}
    assert room.doorbells()[-1][0].name == "first"
    assert room.ring(other, "first")


def test_steps_of_other_queues_run_meanwhile(room: ToyRoom, long: _LongSteps) -> None:
    one, other = room.submit(), room.submit()
    long.go_on.set()
    assert room.ring(other, "first")
    assert room.ring(other, "second")
    long.begun.clear()
    long.go_on.clear()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(room.ring, one, "first")
        assert long.begun.wait(SECONDS)
        assert not room.ring(other, "split"), "of the same queue"
        assert room.ring(other, "aside")
        long.go_on.set()
        assert running.result(SECONDS)


def test_a_copy_of_the_step_that_runs_changes_nothing(room: ToyRoom, long: _LongSteps) -> None:
    one = room.submit()
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(room.ring, one, "first")
        assert long.begun.wait(SECONDS)
        assert not room.ring(one, "first")
        assert room.states(one)["first", 0] == StepState.RUNNING
        long.go_on.set()
        assert running.result(SECONDS)
    assert room.toy.runs[one, "first", 0] == 1
