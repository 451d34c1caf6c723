"""Reading Parquet files piece by piece, and frame by frame."""

from collections.abc import Generator, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow.parquet as pq

from shared.domain.detection import Detections
from shared.storage.columns import Columns


def read_columns(path: Path) -> Columns:
    """The whole file as numpy columns."""
    table = pq.read_table(path, memory_map=False, pre_buffer=False, use_threads=False)
    return {name: table[name].to_numpy() for name in table.column_names}


def read_row_groups(path: Path, *, start: int = 0) -> Iterator[Columns]:
    """The file piece by piece, in order, in constant memory.

    Pieces that end before frame `start` are skipped unread; `start` needs `frame_index` as the
    first column.
    """
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for group in range(file.num_row_groups):
            statistics = file.metadata.row_group(group).column(0).statistics
            last = statistics.max if statistics else None
            if start and last is not None and last < start:
                continue
            table = file.read_row_group(group)
            yield {name: table[name].to_numpy() for name in table.column_names}


class FrameRows:
    """Walks row groups frame by frame, for readers that need the rows of each frame in turn."""

    def __init__(self, path: Path, *, start: int = 0) -> None:
        self._frames = self._split(read_row_groups(path, start=start))
        self._next = next(self._frames, None)

    def at(self, frame_index: int) -> Columns | None:
        """Rows of this frame, or None; frames must be asked for in ascending order."""
        while self._next is not None and self._next["frame_index"][0] < frame_index:
            self._next = next(self._frames, None)
        if self._next is None or self._next["frame_index"][0] != frame_index:
            return None
        return self._next

    def __iter__(self) -> Iterator[Columns]:
        """Every frame that has rows, once."""
        while self._next is not None:
            frame, self._next = self._next, next(self._frames, None)
            yield frame

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._frames.close()

    @staticmethod
    def _split(groups: Iterator[Columns]) -> Generator[Columns]:
        carry: Columns | None = None
        for group in groups:
            columns = group if carry is None else _joined(carry, group)
            edges = np.flatnonzero(np.diff(columns["frame_index"])) + 1
            bounds = [0, *edges.tolist(), len(columns["frame_index"])]
            for start, stop in pairwise(bounds[:-1]):
                yield {name: column[start:stop] for name, column in columns.items()}
            carry = {name: column[bounds[-2] :] for name, column in columns.items()}
        if carry is not None:
            yield carry


def boxes_of(rows: Columns) -> Detections:
    """Rows of the detections of one frame as boxes."""
    xyxy = np.stack([rows[side] for side in ("x1", "y1", "x2", "y2")], axis=1)
    return Detections(
        xyxy.astype(np.float32),
        rows["confidence"].astype(np.float32),
        rows["class_id"].astype(np.int32),
    )


def _joined(first: Columns, second: Columns) -> Columns:
    return {name: np.concatenate([first[name], second[name]]) for name in first}
