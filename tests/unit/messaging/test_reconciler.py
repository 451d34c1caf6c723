"""The reconciler over a real database: what it rings, and what it leaves alone."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.step import Ring, StepState
from shared.domain.task import TaskState
from shared.messaging.reconciler import Reconciler
from shared.tasks.cancel import cancel_task
from tests.support.toy import FAST, ToyRoom, toy_room

pytestmark = pytest.mark.alone

QUEUES = ("early", "each", "late", "aside")
QUICK = replace(FAST, lease=0.3, silence=0.5, resume=0.1)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Iterator[ToyRoom]:
    with toy_room(database, tmp_path) as opened:
        opened.times = QUICK
        for name in QUEUES:
            _present(opened, name, name)
        yield opened


def _present(room: ToyRoom, worker: str, *names: str) -> None:
    """A worker serves these queues."""
    with room.database.begin() as unit:
        queues = [room.toy.queue(name) for name in names]
        unit.workers.seen(worker, queues, 1, datetime.now(UTC))


def _reconciler(room: ToyRoom) -> Reconciler:
    return Reconciler(room.database, room.pipelines, QUICK)


def _names(chains: list[tuple[Ring, ...]]) -> list[list[str]]:
    return [[ring.name for ring in chain] for chain in chains]


def test_an_unsent_doorbell_is_never_rung_again(room: ToyRoom) -> None:
    room.submit()
    time.sleep(QUICK.silence)
    reconciler = _reconciler(room)
    assert reconciler.look() == 0
    assert reconciler.look(restarted=True) == 0


def test_a_lost_message_is_rung_once_with_the_rest_of_its_chain(room: ToyRoom) -> None:
    task_id = room.submit()
    room.doorbells()
    assert room.ring(task_id, "first")
    reconciler = _reconciler(room)
    assert reconciler.look() == 0, "it may be queued"
    time.sleep(QUICK.silence)
    assert reconciler.look() == 1
    assert reconciler.look() == 0
    assert _names(room.doorbells()) == [["second", "split"]]
    assert reconciler.look() == 0


def test_a_dead_worker_loses_its_lease_and_cannot_come_back(room: ToyRoom) -> None:
    task_id = room.submit()
    room.doorbells()
    assert room.claim(task_id, "first")
    reconciler = _reconciler(room)
    assert reconciler.look() == 0
    time.sleep(QUICK.lease)
    assert reconciler.look() == 1
    with room.database.read() as unit:
        (row,) = (row for row in unit.steps.of(task_id) if row.name == "first")
        assert (row.state, row.fence, row.lease_until) == (StepState.READY, 2, None)
    assert room.ring(task_id, "first")


def test_a_task_that_ended_is_left_alone(room: ToyRoom) -> None:
    task_id = room.submit()
    room.doorbells()
    with room.database.begin() as unit:
        cancel_task(unit, "ada", task_id)
    time.sleep(QUICK.silence)
    assert _reconciler(room).look(restarted=True) == 0


def test_a_busy_queue_is_not_silent_for_those_served_with_it(room: ToyRoom) -> None:
    waiting = room.submit()
    room.run_until(waiting, "join")
    room.doorbells()
    reconciler = _reconciler(room)
    time.sleep(QUICK.silence)
    assert room.ring(room.submit(), "first"), "a worker is busy with another queue"
    room.doorbells()
    _present(room, "of all", *QUEUES)
    assert reconciler.look() == 0, "it will come to this one too"
    with room.database.begin() as unit:
        unit.workers.gone("of all")
    assert reconciler.look() > 0


def test_nobody_rings_for_a_queue_that_no_worker_serves(room: ToyRoom) -> None:
    task_id = room.submit()
    room.doorbells()
    with room.database.begin() as unit:
        for name in QUEUES:
            unit.workers.gone(name)
    reconciler = _reconciler(room)
    time.sleep(2 * QUICK.silence)
    assert reconciler.look() == 0, "its messages wait for one"
    _present(room, "new", *QUEUES)
    assert reconciler.look() == 0, "which works them off"
    time.sleep(2 * QUICK.silence)
    assert reconciler.look() == 1, "but for one that was lost"
    assert room.ring(task_id, "first")


def test_two_reconcilers_ring_once(room: ToyRoom) -> None:
    task_id = room.submit()
    room.doorbells()
    both = [_reconciler(room) for _ in range(2)]
    time.sleep(QUICK.silence)
    assert sum(reconciler.look() for reconciler in both) == 1
    assert room.status(task_id).state == TaskState.QUEUED


def test_after_a_pause_of_everything_queues_are_given_time(room: ToyRoom) -> None:
    """A broker keeps its messages while workers and reconciler are down."""
    room.submit()
    room.doorbells()
    time.sleep(QUICK.silence)
    reconciler = _reconciler(room)
    assert reconciler.look() == 0
    time.sleep(QUICK.silence)
    assert reconciler.look() == 1
