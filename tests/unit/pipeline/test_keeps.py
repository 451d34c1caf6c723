"""What a step keeps is written in its own commit."""

from pathlib import Path

from shared.db.database import Database
from shared.domain.step import StepState
from shared.domain.task import Task
from shared.domain.track import TrackSummary
from shared.pipeline.step import Step
from shared.pipeline.tools import Tools
from tests.support.rows import track_summary
from tests.support.toolbox import toolbox
from tests.support.toy import Toy, ToyRoom


def _room(database: Database, tools: Tools, keeps: list[TrackSummary]) -> ToyRoom:
    def first(tools: Tools, task: Task) -> None: ...

    toy = Toy()
    toy.pipeline = (Step(first, keeps=lambda tools, task: keeps),)
    return ToyRoom(database, toy, tools)


def _tracks(room: ToyRoom, task_id: str) -> list[int]:
    with room.database.read() as unit:
        return [track.track_id for track in unit.tracks.page(task_id, limit=99)]


def test_tracks_come_with_the_step_that_is_done(database: Database, tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage") as tools:
        room = _room(database, tools, [track_summary(1), track_summary(2)])
        task_id, other = room.submit(), room.submit()
        with database.begin() as unit:
            unit.tracks.replace(task_id, [track_summary(7)])
        assert room.ring(task_id, "first")
        assert _tracks(room, task_id) == [1, 2]
        assert _tracks(room, other) == []


def test_a_step_that_lost_its_lease_leaves_no_tracks(database: Database, tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage") as tools:
        keeps = [track_summary(1)]
        room = _room(database, tools, keeps)
        task_id = room.submit()

        def lose(tools: Tools, task: Task) -> list[TrackSummary]:
            with database.begin() as unit:
                (row,) = unit.steps.of(task_id)
                row.fence += 1
            return keeps

        def first(tools: Tools, task: Task) -> None: ...

        room.pipelines["toy"] = (Step(first, keeps=lose),)
        assert not room.ring(task_id, "first")
        assert _tracks(room, task_id) == []
        assert room.states(task_id)["first", 0] == StepState.RUNNING
