"""Detection tells how much of its own chunk is done; a chunk that is there counts at once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.pipeline.tools import Tools
from shared.progress.memory_board import MemoryBoard
from shared.storage.plan import read_plan
from tests.support.prepared import prepare
from tests.support.toolbox import toolbox
from tests.support.videos import make_video
from workers.artefacts import detections
from workers.model_inference.detect import detect
from workers.video_processor.plan import plan

TASK = Task("task", "a.mp4", AnalysisOptions(frame_skip=3))


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage", chunk_seconds=1.0) as made:
        prepare(made, make_video(tmp_path / "a.mp4", frames=30, size=(320, 192)))
        plan(made, TASK)
        yield made


def test_chunks_in_any_order_add_up_to_the_video(tools: Tools) -> None:
    chunks = read_plan(tools.paths.plan("task")).chunks
    assert [(chunk.start, chunk.stop) for chunk in chunks] == [(0, 10), (10, 20), (20, 30)]
    for run in ("first", "again"):
        board = MemoryBoard()
        for place, chunk in enumerate(reversed(chunks), start=1):
            detect(replace(tools, progress=board), TASK, chunk)
            report = board.read("task")
            assert report is not None
            assert (report.step, report.done, report.total) == ("detect", 10 * place, 30), run
        assert report.percent == 100


def test_a_chunk_that_is_there_has_all_that_belongs_to_it_wherever_detection_was_ended(
    tools: Tools, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunk = read_plan(tools.paths.plan("task")).chunks[0]
    replace_file, ends = Path.replace, 0

    def die_before_the_first_two(partial: Path, target: Path) -> Path:
        nonlocal ends
        ends += 1
        if ends in (1, 3):
            raise KeyboardInterrupt
        return replace_file(partial, target)

    monkeypatch.setattr(Path, "replace", die_before_the_first_two)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            detect(tools, TASK, chunk)
    assert ends == 3
    detect(tools, TASK, chunk)
    assert all(file.exists() for file in detections(tools, TASK, chunk).values())
