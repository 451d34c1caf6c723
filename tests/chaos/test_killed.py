"""The process is killed at random moments; the next one goes on, and the results are the same."""

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from shared.db.migrate import prepare
from shared.domain.step import StepState
from shared.domain.task import AnalysisOptions, Task, TaskState
from shared.pipeline.runner import run_pipeline
from shared.tasks.status import task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.databases import MIGRATIONS
from tests.support.toolbox import toolbox
from tests.support.videos import make_video
from workers.artefacts import results_folder
from workers.pipeline import VIDEO_CHAIN

pytestmark = [pytest.mark.slow, pytest.mark.alone]

KILLS = 12
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")
ROOT = Path(__file__).parents[2]


def _results(storage: Path, task: Task) -> list[bytes]:
    with toolbox(storage, chunk_seconds=2.0) as tools:
        return [(results_folder(tools, task) / name).read_bytes() for name in SAME]


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    video = make_video(tmp_path / "video.mp4", frames=60, size=(320, 192))
    plain = Task("task", str(video), AnalysisOptions())
    with toolbox(tmp_path / "plain", chunk_seconds=2.0) as tools:
        run_pipeline(VIDEO_CHAIN, tools, plain)
    storage = tmp_path / "service"
    url = f"sqlite:///{storage / 'trackloop.db'}"
    database = prepare(url, MIGRATIONS)
    with database.begin() as unit:
        task_id = submit_task(unit, Submission("ada", str(video), AnalysisOptions()))
    command = [sys.executable, "-m", "tests.support.workers_process", url, str(storage), task_id]
    moments, killed = random.Random(7), 0
    for _ in range(KILLS):
        process = subprocess.Popen(command, cwd=ROOT)
        try:
            process.wait(timeout=moments.uniform(1.0, 4.0))
            break
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    started = time.monotonic()
    assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == 0
    print(f"{killed} kills, recovered in {time.monotonic() - started:.1f} s")  # noqa: T201
    with database.read() as unit:
        status = task_status(unit, "ada", task_id)
        events = Counter(
            (row.topic, row.body["data"].get("step"))
            for row in unit.outbox.about(task_id)
            if row.kind == "event"
        )
    assert killed > 0
    assert status.state == TaskState.SUCCEEDED
    assert {step.state for step in status.steps} == {StepState.DONE}
    assert set(events.values()) == {1}, "nothing is said twice"
    assert _results(storage, Task(task_id, str(video), plain.options)) == _results(
        tmp_path / "plain", plain
    )
    database.close()
