"""chunks/result_chunk_N.json."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from shared.storage.documents import write_document
from shared.vision.frame_index import FrameIndex
from tests.support.finished_task import LABEL, FinishedTask, write_tracks
from workers.results.chunk_files import write_chunks

SCHEMAS = Path(__file__).parents[3] / "docs" / "schemas"
BOX = (0.5, 1.0, 2.0, 30.0, 40.0)


def chunks(finished: FinishedTask, frame_count: int, frames: list[int]) -> list[Any]:
    """Write the chunks of a video of this length with one box in each of these frames."""
    paths, task = finished.tools.paths, finished.task
    write_document(paths.meta(task.id), replace(finished.meta, frame_count=frame_count))
    numbers = np.arange(frame_count)
    index = FrameIndex(numbers, numbers / 10, numbers % 30 == 0, numbers)
    write_tracks(paths.tracks(task.id, LABEL), [(n, 1, 0, *BOX) for n in frames], index)
    write_chunks(finished.tools, task)
    folder = finished.results / "chunks"
    files = [folder / f"result_chunk_{n}.json" for n in range(len(list(folder.iterdir())))]
    return [json.loads(file.read_bytes()) for file in files]


def test_frames_fall_into_fixed_pieces_and_none_is_left_out(finished: FinishedTask) -> None:
    found = chunks(finished, 4500, [0, 999, 1000, 3999])
    listed = [[frame["frame_index"] for frame in chunk["frames"]] for chunk in found]
    assert listed == [[0, 999], [1000], [], [3999], []]
    covered = [(chunk["first_frame"], chunk["last_frame"]) for chunk in found]
    assert covered == [(0, 999), (1000, 1999), (2000, 2999), (3000, 3999), (4000, 4499)]
    assert {chunk["chunk_count"] for chunk in found} == {5}


@pytest.mark.parametrize(("frame_count", "pieces"), [(1, 1), (1000, 1), (1001, 2)])
def test_the_number_of_pieces_follows_the_video(
    finished: FinishedTask, frame_count: int, pieces: int
) -> None:
    assert len(chunks(finished, frame_count, [])) == pieces


def test_pieces_follow_the_published_schema(finished: FinishedTask) -> None:
    schema = json.loads((SCHEMAS / "result-chunk-v1.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    for chunk in chunks(finished, 1500, [3]):
        Draft202012Validator(schema).validate(chunk)


def test_both_schemas_describe_a_frame_alike() -> None:
    results, chunk = (
        json.loads((SCHEMAS / f"{name}-v1.schema.json").read_text())
        for name in ("results", "result-chunk")
    )
    for part in ("frame", "detection"):
        assert results["$defs"][part] == chunk["$defs"][part]


def test_pieces_of_an_earlier_run_go(finished: FinishedTask) -> None:
    assert len(chunks(finished, 2500, [])) == 3
    assert len(chunks(finished, 900, [])) == 1
