"""A table of steps is wrong at import rather than at run, and runs in order."""

from pathlib import Path
from typing import Any

import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import Chunk
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import ChunkStep, Group, Step
from shared.pipeline.tools import Tools
from tests.support.toolbox import toolbox

TASK = Task("t", "a.mp4", AnalysisOptions(overlay=False))


def test_a_step_with_wrong_arguments_fails_at_import() -> None:
    def lonely(tools: Tools) -> None: ...

    with pytest.raises(TypeError, match="lonely takes 1 arguments"):
        Step(lonely)  # type: ignore[arg-type]


@pytest.mark.parametrize("need", ["", "/", "../x", "Videos/", "a//b.txt", "@other"])
def test_a_need_that_can_be_no_file_fails_at_import(need: str) -> None:
    with pytest.raises(TypeError, match="need"):
        Step(_nothing, needs=(need,))


def test_a_need_is_a_file_or_all_in_a_folder() -> None:
    step = Step(_nothing, needs=("source", "chunks/", "detections/provenance.json"))
    names = ("source", "chunks/0.json", "detections/provenance.json")
    assert all(step.needs_file(name) for name in names)
    others = ("source.json", "chunks", "detections/chunk-0.parquet", "frames/source")
    assert not any(step.needs_file(name) for name in others)


def _nothing(tools: Tools, task: Task) -> None:
    """A step that does nothing."""


def test_steps_run_in_order_and_once_for_each_chunk(tmp_path: Path) -> None:
    calls: list[str] = []

    def first(tools: Tools, task: Task) -> None:
        calls.append("first")

    def each(tools: Tools, task: Task, chunk: Chunk) -> None:
        calls.append(f"chunk {chunk.number}")

    def unwanted(tools: Tools, task: Task) -> None:
        calls.append("unwanted")

    def last(tools: Tools, task: Task) -> None:
        calls.append("last")

    chain = (
        Step(first),
        ChunkStep(each, chunks=lambda tools, task: (Chunk(0, 0, 5), Chunk(1, 5, 9))),
        Group((Step(unwanted, when=lambda task: task.options.overlay), Step(last))),
    )
    with toolbox(tmp_path) as tools:
        run_pipeline(chain, tools, TASK)
    assert calls == ["first", "chunk 0", "chunk 1", "last"]


def test_an_error_ends_the_run_as_it_is(tmp_path: Path) -> None:
    def breaks(tools: Tools, task: Task) -> None:
        raise OSError("broken")

    def never(tools: Tools, task: Task) -> None:
        pytest.fail("ran after an error")

    with toolbox(tmp_path) as tools, pytest.raises(OSError, match="broken"):
        run_pipeline((Step(breaks), Step(never)), tools, TASK)


@pytest.mark.parametrize(
    "wrong",
    [{"queue": "Late Steps"}, {"queue": ""}, {"timeout_seconds": 0}, {"retries": -1}],
    ids=str,
)
def test_wrong_terms_fail_at_import(wrong: dict[str, Any]) -> None:
    def fine(tools: Tools, task: Task) -> None: ...

    def piece(tools: Tools, task: Task, chunk: Chunk) -> None: ...

    with pytest.raises(TypeError):
        Step(fine, **wrong)
    with pytest.raises(TypeError):
        ChunkStep(piece, chunks=lambda tools, task: (), **wrong)
