"""The pipelines that serve one request, through messages: output, artefacts, events, erasure."""

import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from shared.bootstrap import bootstrap
from shared.db.database import Database
from shared.db.migrate import prepare
from shared.domain.task import AnalysisOptions, CopyOptions, FrameOptions, TaskState
from shared.events.catalogue import read_event
from shared.events.task import StepCompleted, TaskSucceeded
from shared.events.video import VideoDownloaded
from shared.messaging import room as rooms
from shared.progress.memory_board import MemoryBoard
from shared.settings import Settings
from shared.storage.files import write_bytes
from shared.storage.paths import Paths
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import erase_task
from shared.tasks.status import TaskStatus, task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.databases import MIGRATIONS
from tests.support.interrupting import children
from tests.support.toy import FAST
from tests.support.videos import long_video, make_video
from workers.main import running_workers

pytestmark = pytest.mark.alone


class Service:
    """Workers that run, and what a gateway would do with them."""

    def __init__(self, database: Database, paths: Paths, board: MemoryBoard) -> None:
        self.database, self.paths, self.board = database, paths, board

    def submit(self, submission: Submission) -> str:
        with self.database.begin() as unit:
            return submit_task(unit, submission)

    def status(self, task_id: str) -> TaskStatus:
        with self.database.read() as unit:
            return task_status(unit, "ada", task_id)

    def ended(self, task_id: str) -> TaskStatus:
        _wait(lambda: self.status(task_id).ended_at is not None)
        status = self.status(task_id)
        assert status.error is None
        assert status.state == TaskState.SUCCEEDED
        assert self.board.read(task_id) is None, "forgotten when the task ended"
        return status

    def artefacts(self, task_id: str) -> dict[str, str]:
        with self.database.read() as unit:
            return {row.name: row.key for row in unit.artefacts.of(task_id)}

    def erase(self, task_id: str) -> None:
        with self.database.begin() as unit:
            erase_task(unit, "ada", task_id)

        def gone() -> bool:
            with self.database.read() as unit:
                return unit.tasks.get(task_id) is None

        _wait(gone)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    storage, board = tmp_path / "storage", MemoryBoard()
    settings = Settings(storage_url=storage.as_uri(), chunk_seconds=2.0)
    database = prepare(settings.database_url, MIGRATIONS)
    with bootstrap(settings, board) as tools, running_workers(database, tools, FAST):
        yield Service(database, tools.paths, board)
    database.close()


def test_a_video_goes_into_the_area_is_analysed_and_goes_again(
    service: Service, tmp_path: Path
) -> None:
    video = make_video(tmp_path / "a.mp4", frames=30, size=(320, 192))
    copied = service.submit(
        Submission("ada", str(video), CopyOptions("areas/ada/x/a.mp4"), pipeline="copy")
    )
    (step,) = service.ended(copied).steps
    assert step.output is not None
    assert step.output["path"] == "x/a.mp4"
    assert service.artefacts(copied) == {"a.mp4": "areas/ada/x/a.mp4"}
    with service.database.read() as unit:
        events = [read_event(orjson.dumps(row.body)).data for row in unit.outbox.about(copied)
                  if row.kind == "event"]  # fmt: skip
    assert [type(event) for event in events][1:] == [VideoDownloaded, StepCompleted, TaskSucceeded]

    source = "storage:areas/ada/x/a.mp4"
    analysed = service.submit(Submission("ada", source, AnalysisOptions(num_frames=4)))
    pictures = service.submit(Submission("ada", source, FrameOptions(2), pipeline="frames"))
    names = [f"frames/{n:06d}.jpg" for n in (3, 11, 18, 26)]
    assert {"run.json", "results.csv", *names} <= set(service.artefacts(_last(service, analysed)))
    step = service.ended(pictures).steps[-1]
    assert step.output == {"frames": ["frames/000007.jpg", "frames/000022.jpg"], "count": 2}

    service.erase(copied)
    assert not service.paths.area("ada").joinpath("x").exists()
    service.erase(pictures)
    assert not service.paths.frames(pictures).exists()
    assert service.paths.frames(analysed).exists()
    service.erase(analysed)
    left = [path for path in service.paths.root.rglob("*") if path.is_file()]
    assert all(path.name.startswith("trackloop.db") for path in left)


def _last(service: Service, task_id: str) -> str:
    service.ended(task_id)
    return task_id


def test_a_cancel_ends_the_decoder_within_two_seconds(service: Service, tmp_path: Path) -> None:
    video = long_video(tmp_path)
    task_id = service.submit(Submission("ada", str(video), AnalysisOptions()))
    _wait(lambda: (report := service.board.read(task_id)) and report.step == "validate")
    assert children()
    cancelled = time.monotonic()
    with service.database.begin() as unit:
        cancel_task(unit, "ada", task_id)
    _wait(lambda: not children())
    assert time.monotonic() - cancelled < 2
    _wait(lambda: service.board.read(task_id) is None)
    assert [path.name for path in service.paths.videos(task_id).iterdir()] == ["source"]
    service.erase(task_id)


def test_an_upload_without_a_task_is_tidied_away(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphan = "0195f3a0-0000-7000-8000-000000000001"
    write_bytes(service.paths.source(orphan), b"film")
    old = datetime.now(UTC).timestamp() - 2 * 24 * 3600
    for path in (service.paths.source(orphan), service.paths.videos(orphan)):
        os.utime(path, (old, old))
    monkeypatch.setattr(rooms, "_PRUNE_SECONDS", 0.0)
    _wait(lambda: not service.paths.videos(orphan).exists())


def _wait(done: Callable[[], object], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
