"""The columns of the Parquet files, frame index, detections and tracks, and their writers."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from shared.domain.detection import Detections
from shared.storage.files import publishing


def _schema(columns: dict[str, pa.DataType]) -> pa.Schema:
    return pa.schema(columns)


INDEX = _schema(
    {"pts": pa.int64(), "seconds": pa.float64(), "keyframe": pa.bool_(), "packet": pa.int64()}
)
_BOX: dict[str, pa.DataType] = {
    "x1": pa.float32(),
    "y1": pa.float32(),
    "x2": pa.float32(),
    "y2": pa.float32(),
}
DETECTIONS = _schema(
    {"frame_index": pa.int32(), **_BOX, "confidence": pa.float32(), "class_id": pa.int32()}
)
TRACKS = _schema(
    {
        "frame_index": pa.int32(),
        "time_seconds": pa.float64(),
        "track_id": pa.int32(),
        "class_id": pa.int32(),
        "confidence": pa.float32(),
        **_BOX,
    }
)
_ROWS_PER_GROUP = 16_384

Columns = dict[str, NDArray[Any]]


class RowSink(Protocol):
    """Takes columns of equal length, one call after the other."""

    def write(self, columns: Columns) -> None:
        """Append rows; every column of the schema must be there."""


class _Rows:
    """Collects small writes into row groups, so that a video of any length needs one group."""

    def __init__(self, writer: pq.ParquetWriter, schema: pa.Schema) -> None:
        self._writer, self._schema = writer, schema
        self._pending: list[Columns] = []
        self._rows = 0

    def write(self, columns: Columns) -> None:
        """Append rows."""
        count = len(next(iter(columns.values())))
        if not count:
            return  # a day without a subject would pile up millions of empty arrays
        # A day's frame index comes at once; its groups are no larger for that.
        for start in range(0, count, _ROWS_PER_GROUP):
            self._take({k: v[start : start + _ROWS_PER_GROUP] for k, v in columns.items()})

    def _take(self, columns: Columns) -> None:
        self._pending.append(columns)
        self._rows += len(next(iter(columns.values())))
        if self._rows >= _ROWS_PER_GROUP:
            self.flush()

    def flush(self) -> None:
        """Write what is pending as one row group."""
        if self._rows:
            names = self._schema.names
            joined = [np.concatenate([rows[name] for rows in self._pending]) for name in names]
            self._writer.write_table(pa.table(joined, schema=self._schema))
        self._pending, self._rows = [], 0


@contextmanager
def writing_rows(
    target: Path, schema: pa.Schema, *, workplace: Path | None = None
) -> Iterator[RowSink]:
    """A sink whose file appears whole when the block ends, or not at all; see `publishing`."""
    with (
        publishing(target, workplace=workplace) as partial,
        # Dictionaries of values that hardly repeat take memory and make files larger.
        pq.ParquetWriter(partial, schema, compression="zstd", use_dictionary=False) as writer,
    ):
        rows = _Rows(writer, schema)
        yield rows
        rows.flush()


class DetectionSink:
    """Takes the detections of one frame after the other."""

    def __init__(self, rows: RowSink) -> None:
        self._rows = rows

    def write(self, frame_index: int, found: Detections) -> None:
        """Append one frame's boxes."""
        self._rows.write(
            {
                "frame_index": np.full(len(found), frame_index, np.int32),
                **box_columns(found.xyxy),
                "confidence": found.score,
                "class_id": found.class_id,
            }
        )


def box_columns(xyxy: NDArray[np.float32]) -> Columns:
    """Boxes (N, 4) as the four columns."""
    return dict(zip(_BOX, xyxy.T, strict=True))


@contextmanager
def writing_detections(target: Path, *, workplace: Path | None = None) -> Iterator[DetectionSink]:
    """A sink for the detections of one chunk; see `publishing`."""
    with writing_rows(target, DETECTIONS, workplace=workplace) as rows:
        yield DetectionSink(rows)
