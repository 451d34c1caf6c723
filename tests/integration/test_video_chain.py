"""The real video chain as a service, against the same steps in a plain loop."""

import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from shared.db.migrate import prepare
from shared.domain.task import AnalysisOptions, Task, TaskState
from shared.events.catalogue import read_event
from shared.events.results import ResultsUploaded
from shared.events.task import StepCompleted, TaskSucceeded
from shared.events.video import VideoDownloaded
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.tasks.erase import erase_task
from shared.tasks.status import TaskStatus, task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.databases import MIGRATIONS
from tests.support.toolbox import toolbox
from tests.support.toy import FAST
from tests.support.videos import make_video
from workers.artefacts import results_folder
from workers.main import running_workers
from workers.pipeline import VIDEO_CHAIN

pytestmark = pytest.mark.alone

OPTIONS = AnalysisOptions()
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    return make_video(tmp_path / "video.mp4", frames=60, size=(320, 192))


def _in_a_plain_loop(folder: Path, video: Path) -> dict[str, bytes]:
    with toolbox(folder, chunk_seconds=2.0) as tools:
        task = Task("task", str(video), OPTIONS)
        run_pipeline(VIDEO_CHAIN, tools, task)
        return _results(tools, task)


def _results(tools: Tools, task: Task) -> dict[str, bytes]:
    folder = results_folder(tools, task)
    return {name: (folder / name).read_bytes() for name in SAME}


def test_the_service_gives_what_the_plain_loop_gives(tmp_path: Path, video: Path) -> None:
    expected = _in_a_plain_loop(tmp_path / "plain", video)
    storage = tmp_path / "service"
    database = prepare(f"sqlite:///{storage / 'trackloop.db'}", MIGRATIONS)
    with (
        toolbox(storage, chunk_seconds=2.0) as tools,
        running_workers(database, tools, FAST) as running,
    ):
        with database.begin() as unit:
            task_id = submit_task(unit, Submission("ada", str(video), OPTIONS))

        def status() -> TaskStatus:
            with database.read() as reading:
                return task_status(reading, "ada", task_id)

        _wait(lambda: status().ended_at is not None)
        ended = status()
        assert ended.error is None
        assert ended.state == TaskState.SUCCEEDED
        assert sum(step.name == "detect" for step in ended.steps) == 3
        assert {step.attempt for step in ended.steps} == {1}
        assert not running.reconciler.rings
        assert _results(tools, Task(task_id, str(video), OPTIONS)) == expected
        with database.read() as unit:
            names = {row.name for row in unit.artefacts.of(task_id)}
            rows = [row for row in unit.outbox.about(task_id) if row.kind == "event"]
        assert names >= {"source", "video.mp4", "overlaid_results.mp4", "run.json", *SAME}
        events = [read_event(orjson.dumps(row.body)).data for row in rows]
        done = [event.step for event in events if isinstance(event, StepCompleted)]
        assert sorted(done) == sorted({step.name for step in ended.steps})
        said = [event for event in events[1:] if not isinstance(event, StepCompleted)]
        downloaded, uploaded, succeeded = said
        assert isinstance(succeeded, TaskSucceeded)
        assert isinstance(downloaded, VideoDownloaded)
        assert downloaded.bytes == video.stat().st_size
        assert isinstance(uploaded, ResultsUploaded)
        assert {artefact.name for artefact in uploaded.artefacts} >= {"results.csv", "run.json"}
        with database.begin() as unit:
            erase_task(unit, "ada", task_id)
        _wait(lambda: not _files(storage))
    database.close()


def _files(storage: Path) -> list[Path]:
    """Every file but the database's own."""
    return [
        file for file in storage.rglob("*") if file.is_file() and "trackloop.db" not in file.name
    ]


def _wait(done: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
