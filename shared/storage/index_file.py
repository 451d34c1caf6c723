"""The frame index as a Parquet file."""

from pathlib import Path

from shared.storage.columns import INDEX, writing_rows
from shared.storage.row_reading import read_columns
from shared.vision.frame_index import FrameIndex


def write_index(target: Path, index: FrameIndex) -> None:
    """Publish a frame index."""
    with writing_rows(target, INDEX) as rows:
        rows.write({name: getattr(index, name) for name in INDEX.names})


def read_index(path: Path) -> FrameIndex:
    """Read a frame index."""
    return FrameIndex(**read_columns(path))
