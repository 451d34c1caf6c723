"""The same input gives the same bytes, however it was cut and however often it runs."""

from pathlib import Path

import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.storage.columns import Columns
from shared.storage.plan import read_plan
from shared.storage.row_reading import read_columns
from tests.support.command import run
from tests.support.malformed import EXPECTED
from tests.support.toolbox import toolbox
from workers.pipeline import VIDEO_CHAIN

pytestmark = pytest.mark.slow

DETECTING = VIDEO_CHAIN[:6]  # up to detect
REAL = ["video/vtest_480x360_10fps.avi", "video/cat.mp4"]
ODD = [f"malformed/{name}" for name, frames in EXPECTED.items() if isinstance(frames, int)]


def _detections(
    tools: Tools, source: Path, options: AnalysisOptions
) -> tuple[int, dict[str, list[float]]]:
    task = Task("task", str(source), options)
    run_pipeline(DETECTING, tools, task)
    plan = read_plan(tools.paths.plan(task.id))
    files = [tools.paths.detection_chunk(plan.key, chunk) for chunk in plan.chunks]
    pieces: list[Columns] = [read_columns(file) for file in files]
    joined = {name: [v for p in pieces for v in p[name].tolist()] for name in pieces[0]}
    return len(files), joined


def _whole_and_in_pieces(
    models: Path, source: Path, folder: Path, options: AnalysisOptions
) -> tuple[int, dict[str, list[float]]]:
    """How many pieces there were, and the detections, which were found to be the same."""
    for name in ("whole", "pieces"):
        (folder / name).mkdir()
        (folder / name / "models").symlink_to(models)
    with toolbox(folder / "whole", chunk_seconds=1e6) as tools:
        count, whole = _detections(tools, source, options)
    with toolbox(folder / "pieces", chunk_seconds=0.2) as tools:
        pieces_count, pieces = _detections(tools, source, options)
    assert count == 1
    assert pieces == whole
    return pieces_count, whole


@pytest.mark.parametrize("name", REAL)
def test_chunked_detections_equal_unchunked_ones(
    storage: Path, test_data: Path, tmp_path: Path, name: str
) -> None:
    options = AnalysisOptions(model="yolo11n")
    pieces, found = _whole_and_in_pieces(storage / "models", test_data / name, tmp_path, options)
    assert pieces > 1
    assert len(found["x1"]) > 100


@pytest.mark.parametrize("name", ODD)
def test_odd_videos_are_detected_alike_in_pieces(
    storage: Path, test_data: Path, tmp_path: Path, name: str
) -> None:
    options = AnalysisOptions(max_frames=300)
    _whole_and_in_pieces(storage / "models", test_data / name, tmp_path, options)


def test_two_runs_give_equal_bytes(storage: Path, test_data: Path, tmp_path: Path) -> None:
    video = test_data / "video/cat.mp4"
    for name in ("one", "two"):
        fresh = tmp_path / name / "storage"
        fresh.mkdir(parents=True)
        (fresh / "models").symlink_to(storage / "models")
        arguments = ("--model", "yolo11n", "--max-frames", 120, "--out", tmp_path / name / "out")
        ended = run(fresh, "run", video, *arguments)
        assert ended.code == 0, ended.output
    one, two = tmp_path / "one/out", tmp_path / "two/out"
    names = sorted(str(file.relative_to(one)) for file in one.rglob("*") if file.is_file())
    assert names == sorted(str(f.relative_to(two)) for f in two.rglob("*") if f.is_file())
    for name in names:
        if name != "run.json":
            assert (one / name).read_bytes() == (two / name).read_bytes(), name
