"""Messages are lost, doubled and reordered between real parts; the end is always the same."""

import time
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.step import StepRef, StepState
from shared.domain.task import Task, TaskState
from shared.messaging.relay import Relay
from shared.pipeline.tools import Tools
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import erase_task
from tests.support.databases import SqliteFiles
from tests.support.running_toy import CHAINS, Fault, RunningToy, running_toy
from tests.support.toolbox import toolbox
from tests.support.toy import STEPS, Toy, ToyRoom

pytestmark = pytest.mark.alone


def _submit_bent(room: RunningToy, fault: Fault) -> list[str]:
    """A task for each step, whose first message meets the fault there."""
    task_ids = []
    for name in STEPS:
        task_id = room.submit(begin=False)
        room.worker.faults[task_id, name] = fault
        task_ids.append(task_id)
    return task_ids


def _assert_ended_alike(room: RunningToy, task_ids: list[str]) -> None:
    room.wait_for_end(*task_ids)
    time.sleep(0.5)  # late copies, if any, arrive
    assert not room.worker.faults, "every fault came to pass"
    for task_id in task_ids:
        assert room.status(task_id).state == TaskState.SUCCEEDED
        assert room.toy.runs_of(task_id) == room.toy.expected(task_id)


def test_a_lost_message_at_each_step_is_rung_once(database: Database, tmp_path: Path) -> None:
    with running_toy(database, tmp_path) as room:
        _assert_ended_alike(room, _submit_bent(room, lambda ref: False))
        print("rings:", dict(room.rings()))  # noqa: T201
        assert room.rings().total() == len(STEPS)


def test_a_doubled_message_at_each_step_changes_nothing(database: Database, tmp_path: Path) -> None:
    with running_toy(database, tmp_path) as room:

        def doubled(ref: StepRef) -> bool:
            room.send(ref, *CHAINS.get(ref.name, ()))
            room.send(ref, *CHAINS.get(ref.name, ()))
            return True

        _assert_ended_alike(room, _submit_bent(room, doubled))
        assert not room.rings()


def test_a_reordered_message_at_each_step_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    with running_toy(database, tmp_path) as room:

        def reordered(ref: StepRef) -> bool:
            """Later steps' messages come first, this one goes to the end of its queue."""
            for name in STEPS[STEPS.index(ref.name) + 1 :]:
                room.send(StepRef(ref.task_id, name, 0, ref.generation))
            room.send(ref, *CHAINS.get(ref.name, ()))
            return False

        _assert_ended_alike(room, _submit_bent(room, reordered))


@pytest.mark.slow
def test_a_long_queue_is_not_taken_for_lost_messages(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    """Many tasks behind one thread wait longer than the silence after which a queue is doubted."""
    with (
        sqlite_files.fresh(tmp_path) as url,
        running_toy(Database(url), tmp_path, threads=1) as room,
    ):
        room.toy.during = lambda tools, task, name: time.sleep(0.01)
        task_ids = [room.submit(begin=False) for _ in range(100)]
        started = time.monotonic()
        _assert_ended_alike(room, task_ids)
        assert time.monotonic() - started > 2 * room.times.silence
        assert not room.rings()


def test_a_task_whose_event_is_lost_is_begun(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    with sqlite_files.fresh(tmp_path) as url:
        database = Database(url)
        with running_toy(database, tmp_path) as room:
            with database.begin() as unit:
                # The relay cannot see what is committed as sent.
                task_id = room.submit_into(unit)
                unit.outbox.mark_sent([row.id for row in unit.outbox.unsent(9)])
            room.wait_for_end(task_id)
            assert room.rings() == {"NOT_BEGUN": 1}


def test_a_process_that_starts_again_goes_on_at_once(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    """What the last one had in memory is gone: ready, running and not even begun."""
    with sqlite_files.fresh(tmp_path) as url:
        database, toy = Database(url), Toy()
        with toolbox(tmp_path / "storage") as tools:
            died = ToyRoom(database, toy, tools)
            ready, running = died.submit(), died.submit()
            not_begun = died.submit(begin=False)
            died.run_until(running, "each")
            died.doorbells()
            assert died.claim(running, "each", 1)
        started = time.monotonic()
        with running_toy(database, tmp_path, toy=toy) as again:
            again.wait_for_end(ready, running, not_begun)
            assert time.monotonic() - started < 30
            rings = again.rings()
        assert rings == {"NOT_BEGUN": 1, "RESTARTED": 4}
        for task_id in (ready, running, not_begun):
            assert toy.runs_of(task_id) == toy.expected(task_id)


def test_a_cancelled_task_is_erased_when_nothing_writes_any_more(
    database: Database, tmp_path: Path
) -> None:
    with running_toy(database, tmp_path) as room:
        entered: list[str] = []

        def until_cancelled(tools: Tools, task: Task, name: str) -> None:
            entered.append(name)
            while True:
                tools.progress.report(task.id, name, 0, None, "frames")
                assert not room.erased, "erased under a running step"
                time.sleep(0.02)

        room.toy.during = until_cancelled
        task_id = room.submit(begin=False)
        room.wait(lambda: entered)
        with database.begin() as unit:
            cancel_task(unit, "ada", task_id)
        with database.begin() as unit:
            erase_task(unit, "ada", task_id)
        room.wait(lambda: room.erased)
        assert room.erased == [task_id]

        def gone() -> bool:
            with database.read() as unit:
                return unit.tasks.get(task_id) is None and not unit.steps.of(task_id)

        room.wait(gone)


def test_a_room_that_closes_does_not_wait_for_a_long_step(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    with sqlite_files.fresh(tmp_path) as url:
        database = Database(url)
        with running_toy(database, tmp_path) as room:
            entered: list[str] = []

            def long(tools: Tools, task: Task, name: str) -> None:
                entered.append(name)
                for done in range(3000):
                    tools.progress.report(task.id, name, done, 3000, "frames")
                    time.sleep(0.02)

            room.toy.during = long
            task_id = room.submit(begin=False)
            room.wait(lambda: entered)
            assert not room.running.dead
            closing = time.monotonic()
        assert time.monotonic() - closing < 10
        assert room.states(task_id)["first", 0] == StepState.READY
        assert room.running.dead, "every part has ended"


def test_a_part_that_ends_by_an_unforeseen_error_begins_anew(
    sqlite_files: SqliteFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = [KeyError("trackloop.step"), RuntimeError("Set changed size during iteration")]
    sound = Relay.relay_once

    def faulty(relay: Relay) -> int:
        if faults:
            raise faults.pop()
        return sound(relay)

    monkeypatch.setattr(Relay, "relay_once", faulty)
    with sqlite_files.fresh(tmp_path) as url, running_toy(Database(url), tmp_path) as room:
        room.wait_for_end(room.submit())
        assert not faults
        assert not room.running.dead


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("WARNING")
