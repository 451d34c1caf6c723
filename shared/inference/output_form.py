"""The forms of a detector's output, and how a shape gives its form away."""

from shared.domain.model import Decoding

Shape = tuple[int | None, ...]
"""Sizes of a tensor's axes; None where an axis is dynamic."""

_STRIDES = (8, 16, 32)
_MOST_END2END_ROWS = 1000


def grid_cells(height: int, width: int) -> int:
    """Boxes that a head on strides 8, 16 and 32 gives for this input."""
    return sum((height // stride) * (width // stride) for stride in _STRIDES)


def infer_decoding(output: Shape | None, cells: int) -> Decoding | None:
    """Which form an output shape has, or None where the shape does not tell.

    Args:
        output: (B, ·, ·), None where dynamic.
        cells: see `grid_cells`.
    """
    if output is None or len(output) != 3:
        return None
    _, rows, columns = output
    if rows is not None and columns == 6 and rows != cells and rows <= _MOST_END2END_ROWS:
        return "end2end"
    if rows == cells or (rows is None and columns is not None and columns > 6):
        return "grid"
    if columns == cells or (rows is not None and (columns is None or rows < columns)):
        return "raw"
    return None


def channel_count(decoding: Decoding, classes: int) -> int:
    """Values per box in the output."""
    return {"raw": 4 + classes, "end2end": 6, "grid": 5 + classes}[decoding]
