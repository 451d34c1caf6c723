"""What a commit opens: in the same transaction, once, and nothing where it dies half-way."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.domain.step import StepState
from shared.domain.task import TaskState
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.toy import STEPS, ToyRoom, toy_room


def _names(room: ToyRoom) -> list[list[str]]:
    return [[ring.name for ring in chain] for chain in room.doorbells()]


def test_the_database_rings_what_no_chain_carries(room: ToyRoom) -> None:
    task_id = room.submit()
    assert _names(room) == [["first", "second", "split"]]
    assert room.ring(task_id, "first")
    assert _names(room) == [], "the chain carries the next step"
    assert room.ring(task_id, "second")
    assert _names(room) == [["aside"]]
    assert room.ring(task_id, "split")
    assert _names(room) == [["each"], ["each"], ["each"]]
    for part in (2, 0):
        assert room.ring(task_id, "each", part)
    assert _names(room) == []
    assert room.ring(task_id, "each", 1)
    assert _names(room) == [["join"]]
    assert room.ring(task_id, "join")
    assert _names(room) == [["left"], ["right"]]
    assert room.ring(task_id, "right")
    assert room.ring(task_id, "left")
    assert _names(room) == [["last"]]
    assert room.ring(task_id, "last")
    assert room.status(task_id).state == TaskState.RUNNING, "what is beside is not done"
    assert room.ring(task_id, "aside")
    status = room.status(task_id)
    assert status.state == TaskState.SUCCEEDED
    assert status.percent == 100
    assert status.ended_at is not None
    assert room.toy.runs_of(task_id) == room.toy.expected(task_id)


def test_a_video_without_pieces_goes_on(database: Database, tmp_path: Path) -> None:
    with toy_room(database, tmp_path, pieces=0) as room:
        task_id = room.submit()
        room.run_until(task_id, "each")
        assert ["join"] in _names(room)


def test_a_commit_leaves_files_output_and_event(room: ToyRoom) -> None:
    task_id = room.submit()
    with room.database.begin() as unit:
        unit.outbox.mark_sent([row.id for row in unit.outbox.unsent(9)])
    assert room.ring(task_id, "first")
    with room.database.read() as unit:
        (artefact,) = unit.artefacts.of(task_id)
        event, completed = unit.outbox.unsent(9)
    assert (artefact.name, artefact.size, artefact.fence) == ("source", 4, 1)
    assert artefact.key == f"videos/{task_id}/source"
    assert event.topic == "video.downloaded.v1"
    assert event.body["data"]["sha256"] == artefact.sha256
    assert event.body["subject"] == task_id
    assert completed.topic == "step.completed.v1"
    assert completed.body["data"]["step"] == "first"


def test_every_step_is_heard_once_and_the_end_once(room: ToyRoom) -> None:
    task_id = room.submit()
    for name in (*STEPS[:2], "split"):
        assert room.ring(task_id, name)
    for part in (1, 0):
        assert room.ring(task_id, "each", part)
    assert "each" not in _completed(room, task_id), "a piece is missing"
    assert room.ring(task_id, "each", 2)
    for name in ("join", "left", "right", "last"):
        assert room.ring(task_id, name)
    assert "task.succeeded.v1" not in _topics(room, task_id), "what is beside is not done"
    assert room.ring(task_id, "aside")
    assert sorted(_completed(room, task_id)) == sorted(STEPS)
    assert _topics(room, task_id)[-2:] == ["step.completed.v1", "task.succeeded.v1"]


def _topics(room: ToyRoom, task_id: str) -> list[str]:
    with room.database.read() as unit:
        return [row.topic for row in unit.outbox.about(task_id)]


def _completed(room: ToyRoom, task_id: str) -> list[str]:
    with room.database.read() as unit:
        rows = unit.outbox.about(task_id)
    return [row.body["data"]["step"] for row in rows if row.topic == "step.completed.v1"]


def test_a_commit_that_dies_half_way_leaves_nothing(
    room: ToyRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    task_id = room.submit()
    room.run_until(task_id, "split")
    room.doorbells()
    before = room.status(task_id)

    def dies(*_: object, **__: object) -> None:
        raise MemoryError

    with monkeypatch.context() as broken:
        broken.setattr("shared.db.outbox.Outbox.add_doorbell", dies)
        with pytest.raises(MemoryError):
            room.ring(task_id, "split")
    assert _names(room) == []
    after = room.states(task_id)
    assert ("each", 0) not in after
    assert after["split", 0] == StepState.RUNNING
    assert {k: v for k, v in after.items() if k[0] != "split"} == {
        (step.name, step.part): step.state for step in before.steps if step.name != "split"
    }


def _fan_in(database: Database, tmp_path: Path, repeats: int) -> None:
    members = 6
    with (
        toy_room(database, tmp_path, pieces=members) as room,
        ThreadPoolExecutor(members) as pool,
    ):
        for _ in range(repeats):
            task_id = room.submit()
            room.run_until(task_id, "each")
            room.doorbells()
            gate = threading.Barrier(members)
            # All of them leave their function, and so reach their commit, at one moment.
            room.toy.during = lambda tools, task, name, gate=gate: (  # type: ignore[misc]
                gate.wait() if name == "each" else None
            )
            done = pool.map(lambda part, t=task_id: room.ring(t, "each", part), range(members))
            assert all(done)
            assert _names(room) == [["join"]]


def test_members_that_end_at_once_ring_once_on_sqlite(
    sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    with sqlite_files.fresh(tmp_path) as url:
        _fan_in(Database(url), tmp_path, repeats=5)


def test_members_that_end_at_once_ring_once_on_postgres(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    with postgres.fresh(tmp_path) as url:
        database = Database(url)
        _fan_in(database, tmp_path, repeats=40)
        database.close()


def test_every_step_is_planned_but_those_not_wanted(room: ToyRoom) -> None:
    names = [name for name, _ in room.states(room.submit())]
    assert names == [name for name in STEPS if name != "each"]
    assert "unwanted" in [name for name, _ in room.states(room.submit(source="everything"))]
