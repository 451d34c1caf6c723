"""Tracks as clients read them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Box = Annotated[
    list[float],
    Field(min_length=4, max_length=4, description="left, top, right, bottom in pixels"),
]


class TrackView(BaseModel):
    """One subject, from when to when; the boxes are those where it came up and was seen last."""

    model_config = ConfigDict(from_attributes=True)

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


class TrackPage(BaseModel):
    """By track_id; `next` is the `after` of the page that follows, null on the last."""

    tracks: list[TrackView]
    next: int | None
