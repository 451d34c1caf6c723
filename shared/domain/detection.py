"""Detections and tracks of one frame, as columns."""

from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Detections:
    """N boxes of one frame, in pixels of the upright source frame.

    Attributes:
        xyxy: float32 (N, 4): left, top, right, bottom; origin at the top left corner.
        score: float32 (N,): 0 to 1.
        class_id: int32 (N,): index into the model's class names.
    """

    xyxy: NDArray[np.float32]
    score: NDArray[np.float32]
    class_id: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.score)

    def __getitem__(self, rows: NDArray[Any]) -> Self:
        """The chosen rows, of every column."""
        return type(self)(*(getattr(self, column.name)[rows] for column in fields(self)))

    @classmethod
    def empty(cls) -> "Detections":
        """No box at all."""
        return Detections(
            np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty(0, np.int32)
        )


@dataclass(frozen=True, slots=True)
class TrackedDetections(Detections):
    """Detections that belong to tracks.

    Attributes:
        track_id: int32 (N,): 1, 2, …; unique within a video, kept while the subject is followed.
    """

    track_id: NDArray[np.int32]
