"""Rows written in pieces are read back in pieces, the same."""

import tracemalloc
from pathlib import Path

import numpy as np

from shared.domain.detection import Detections
from shared.storage.columns import writing_detections
from shared.storage.row_reading import FrameRows, read_columns, read_row_groups


def _write(path: Path, counts: list[int]) -> None:
    with writing_detections(path) as rows:
        for frame, count in enumerate(counts):
            boxes = np.full((count, 4), frame, np.float32)
            rows.write(
                frame, Detections(boxes, np.ones(count, np.float32), np.zeros(count, np.int32))
            )


def test_frames_come_back_in_order_with_all_their_rows(tmp_path: Path) -> None:
    counts = [3, 0, 1, 0, 0, 5]
    _write(tmp_path / "a.parquet", counts)
    with FrameRows(tmp_path / "a.parquet") as frames:
        read = [frames.at(frame) for frame in range(len(counts))]
    assert [0 if rows is None else len(rows["x1"]) for rows in read] == counts


def test_frames_are_whole_across_row_groups(tmp_path: Path) -> None:
    counts = [7] * 5000
    _write(tmp_path / "a.parquet", counts)
    assert len(list(read_row_groups(tmp_path / "a.parquet"))) > 1
    with FrameRows(tmp_path / "a.parquet") as frames:
        assert [len(rows["x1"]) for rows in frames] == counts


def test_frames_without_boxes_cost_no_memory(tmp_path: Path) -> None:
    nothing = Detections.empty()
    with writing_detections(tmp_path / "a.parquet") as rows:
        tracemalloc.start()
        for frame in range(20_000):
            rows.write(frame, nothing)
        held, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert held < 100_000


def test_a_chunk_without_boxes_is_a_file_all_the_same(tmp_path: Path) -> None:
    _write(tmp_path / "a.parquet", [0, 0])
    assert len(read_columns(tmp_path / "a.parquet")["x1"]) == 0
    with FrameRows(tmp_path / "a.parquet") as frames:
        assert frames.at(0) is None


def test_equal_rows_make_equal_bytes(tmp_path: Path) -> None:
    _write(tmp_path / "a.parquet", [3, 1])
    _write(tmp_path / "b.parquet", [3, 1])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()
