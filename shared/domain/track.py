"""One track, summed up."""

from dataclasses import dataclass

Box = tuple[float, float, float, float]
"""Left, top, right, bottom in pixels of the upright source frame."""


@dataclass(frozen=True, slots=True)
class TrackSummary:
    """Who was where, from when to when. Every single box lies in tracks.parquet.

    Attributes:
        first_frame, last_frame: indices of the first and the last frame in which it was seen.
        first_seconds, last_seconds: their times since the first frame, to a microsecond.
        observations: boxes.
        mean_confidence, max_confidence: of its boxes, 0 to 1, to 4 decimals.
        path_pixels: length of the line through the middles of the boxes' lower sides.
        first_box, last_box: where it came up and where it was seen last, to 2 decimals.
    """

    track_id: int
    class_id: int
    class_name: str
    first_frame: int
    last_frame: int
    first_seconds: float
    last_seconds: float
    observations: int
    mean_confidence: float
    max_confidence: float
    path_pixels: float
    first_box: Box
    last_box: Box
