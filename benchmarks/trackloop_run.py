"""Trackloop's side, run inside the child: detect and track, or the whole chain."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.case import PREPARED, Case
from benchmarks.child import Facts, Work, cores
from shared.bootstrap import bootstrap
from shared.domain.task import Task
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.progress.port import Silent
from shared.settings import Settings
from shared.storage.index_file import read_index
from shared.storage.plan import read_plan
from shared.storage.row_reading import read_columns
from workers.model_inference.detect import detect
from workers.model_inference.track import track
from workers.pipeline import VIDEO_CHAIN
from workers.video_processor.plan import plan

DEFAULT_URL = "onnx://"
_WARM_UP_FRAMES = 30


@contextmanager
def opened(case: Case, url: str = DEFAULT_URL, **settings: Any) -> Iterator[Tools]:
    """Tools over a copy of the case's storage, so that no run finds another's detections."""
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        root = Path(folder).resolve() / "storage"
        shutil.copytree(case.storage, root)
        given = {"threads": cores(), **settings}
        chosen = Settings(storage_url=root.as_uri(), inference_url=url, **given)
        with bootstrap(chosen, Silent()) as tools:
            yield tools


def warm_up(tools: Tools, case: Case) -> None:
    """The whole chain over the first frames: loads the model and whatever is loaded lazily."""
    run_pipeline(VIDEO_CHAIN, tools, case.task("warm-up", max_frames=_WARM_UP_FRAMES))


@contextmanager
def detect_and_track(case: Case, url: str = DEFAULT_URL) -> Iterator[Work]:
    """From the normalised video to tracks.parquet."""
    task = case.task(PREPARED)
    with opened(case, url) as tools:
        warm_up(tools, case)
        plan(tools, task)

        def run() -> None:
            for chunk in read_plan(tools.paths.plan(task.id)).chunks:
                detect(tools, task, chunk)
            track(tools, task)

        yield Work(run, lambda: tracked_facts(tools, task))


@contextmanager
def whole_run(case: Case, url: str = DEFAULT_URL) -> Iterator[Work]:
    """Every step from the source file to the results folder, without the overlay."""
    task = case.task("whole-run")
    with opened(case, url) as tools:
        warm_up(tools, case)
        yield Work(
            lambda: run_pipeline(VIDEO_CHAIN, tools, task), lambda: tracked_facts(tools, task)
        )


def tracked_facts(tools: Tools, task: Task) -> Facts:
    """How much was done, so that a reader sees that both sides did the same."""
    label = tools.models.get(task.options.model).manifest.label
    rows = read_columns(tools.paths.tracks(task.id, label))
    return {
        "frames": len(read_index(tools.paths.index(task.id))),
        "boxes": len(rows["track_id"]),
        "tracks": len(np.unique(rows["track_id"])),
    }
