"""A step that waits for people holds no worker, and is run again when it is time."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.step import Ring, StepState
from shared.domain.task import Task, TaskState
from shared.messaging.reconciler import Reason, Reconciler
from shared.pipeline.ring import ring_waiting
from shared.pipeline.step import NotYetError
from shared.pipeline.tools import Tools
from shared.tasks.cancel import cancel_task
from tests.support.toy import ToyRoom


class _People:
    """They are done with `second` once `done` is set; until then it says what is labelled."""

    def __init__(self, room: ToyRoom, seconds: float = 60) -> None:
        self.done, self.seconds = False, seconds
        room.toy.during = self._during

    def _during(self, tools: Tools, task: Task, name: str) -> None:
        if name == "second" and not self.done:
            raise NotYetError(self.seconds, {"labelled": 3})


@pytest.fixture
def waiting(room: ToyRoom) -> str:
    task_id = room.submit()
    assert room.ring(task_id, "first")
    room.doorbells()
    return task_id


def _second(room: ToyRoom, task_id: str):  # type: ignore[no-untyped-def]
    return next(step for step in room.status(task_id).steps if step.name == "second")


def test_the_task_says_that_it_waits_and_what_is_known(room: ToyRoom, waiting: str) -> None:
    _People(room)
    before = datetime.now(UTC)
    assert not room.ring(waiting, "second"), "the chain does not go on"
    step = _second(room, waiting)
    assert room.status(waiting).state == TaskState.WAITING_FOR_LABELS
    assert (step.state, step.output, step.attempt) == (StepState.READY, {"labelled": 3}, 0)
    assert step.resume_at is not None
    assert before + timedelta(seconds=59) < step.resume_at
    assert room.status(waiting).error is None


def test_no_message_runs_it_before_it_is_time(room: ToyRoom, waiting: str) -> None:
    _People(room)
    room.ring(waiting, "second")
    assert not room.ring(waiting, "second")
    assert room.toy.runs[waiting, "second", 0] == 1
    assert Reconciler(room.database, room.pipelines, room.times).look() == 0


def test_it_is_rung_with_the_rest_of_its_chain_when_it_is_time(room: ToyRoom, waiting: str) -> None:
    people = _People(room, seconds=0)
    room.ring(waiting, "second")
    reconciler = Reconciler(room.database, room.pipelines, room.times)
    assert reconciler.look() == 1
    assert reconciler.rings == {Reason.RESUMED: 1}
    early = room.toy.queue("early")
    assert room.doorbells() == [(Ring("second", 0, early), Ring("split", 0, early))]
    people.done = True
    assert room.ring(waiting, "second")
    assert room.status(waiting).state == TaskState.RUNNING


def test_waiting_long_is_no_failure(room: ToyRoom, waiting: str) -> None:
    people = _People(room, seconds=0)
    for _ in range(room.times.most_claims + 2):
        assert not room.ring(waiting, "second")
    people.done = True
    assert room.ring(waiting, "second")


def test_an_event_ends_the_wait_at_once(room: ToyRoom, waiting: str) -> None:
    people = _People(room)
    room.ring(waiting, "second")
    people.done = True
    with room.database.begin() as unit:
        assert ring_waiting(unit, waiting, "second", room.pipelines, datetime.now(UTC))
        assert not ring_waiting(unit, waiting, "second", room.pipelines, datetime.now(UTC))
    assert [chain[0].name for chain in room.doorbells()] == ["second"]
    assert room.ring(waiting, "second")


def test_an_event_for_a_step_that_does_not_wait_changes_nothing(
    room: ToyRoom, waiting: str
) -> None:
    with room.database.begin() as unit:
        for task_id, name in ((waiting, "second"), (waiting, "split"), ("nobody", "second")):
            assert not ring_waiting(unit, task_id, name, room.pipelines, datetime.now(UTC))
    assert room.doorbells() == []


def test_a_waiting_task_can_be_cancelled(room: ToyRoom, waiting: str) -> None:
    people = _People(room)
    room.ring(waiting, "second")
    with room.database.begin() as unit:
        cancel_task(unit, "ada", waiting)
    people.done = True
    assert not room.ring(waiting, "second")
    assert room.status(waiting).state == TaskState.CANCELLED
