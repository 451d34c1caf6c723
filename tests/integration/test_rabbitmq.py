"""The same room on RabbitMQ and PostgreSQL: nothing but URLs differs."""

import random
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.step import StepRef, StepState
from shared.domain.task import TaskState
from tests.support.grounds import StandingServers
from tests.support.running_toy import CHAINS, Fault, RunningToy, running_toy
from tests.support.toy import STEPS

TASKS, LOST = 30, 0.1
END_SECONDS = 500


@pytest.fixture
def room(on_servers: StandingServers, tmp_path: Path) -> Iterator[RunningToy]:
    """A room on servers, whose queues nobody else has."""
    with (
        on_servers.fresh(tmp_path) as variables,
        closing(Database(variables["TRACKLOOP_DATABASE_URL"])) as database,
        running_toy(database, tmp_path, broker_url=variables["TRACKLOOP_BROKER_URL"]) as running,
    ):
        yield running


@pytest.mark.alone
def test_lost_and_doubled_messages_change_nothing(room: RunningToy) -> None:
    def doubled(ref: StepRef) -> bool:
        room.send(ref)
        return True

    task_ids = []
    for name in STEPS:
        for fault in (doubled, lambda ref: False):
            task_ids.append(room.submit(begin=False))
            room.worker.faults[task_ids[-1], name] = fault
    room.wait_for_end(*task_ids)
    assert not room.worker.faults
    for task_id in task_ids:
        assert room.status(task_id).state == TaskState.SUCCEEDED
        assert room.toy.runs_of(task_id) == room.toy.expected(task_id)
    assert room.rings().total() == len(STEPS)


def _doubled_or_lost(room: RunningToy, count: Counter[str]) -> Fault:
    """One message in ten is lost; every other one comes twice."""
    chance, lock, copies = random.Random(7), threading.Lock(), Counter[StepRef]()

    def befall(ref: StepRef) -> bool:
        with lock:
            if copies[ref]:
                copies[ref] -= 1
                return True
            lost = chance.random() < LOST
            count["lost" if lost else "doubled"] += 1
            if lost:
                return False
            copies[ref] += 1
        room.send(ref, *CHAINS.get(ref.name, ()))
        return True

    return befall


@pytest.mark.slow
def test_every_task_ends_once_though_each_message_is_doubled_or_lost(room: RunningToy) -> None:
    count = Counter[str]()
    room.worker.weather = _doubled_or_lost(room, count)
    task_ids = [room.submit(begin=False) for _ in range(TASKS)]
    room.wait_for_end(*task_ids, seconds=END_SECONDS)
    print(dict(count), "rings:", dict(room.rings()))  # noqa: T201
    assert count["lost"] > TASKS / 2
    assert count["doubled"] > 5 * TASKS
    for task_id in task_ids:
        status = room.status(task_id)
        assert status.state == TaskState.SUCCEEDED
        assert {step.state for step in status.steps} == {StepState.DONE}
        with room.database.read() as unit:
            said = [row for row in unit.outbox.about(task_id) if row.kind == "event"]
            events = Counter((row.topic, row.body["data"].get("step")) for row in said)
            names = Counter(row.name for row in unit.artefacts.of(task_id))
        assert set(events.values()) == {1}, "nothing is said twice"
        assert set(names.values()) == {1}
