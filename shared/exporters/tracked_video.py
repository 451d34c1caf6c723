"""A video whose tracks are known: what every result is written from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import TrackedDetections
from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import VideoMeta
from shared.inference.choice import Choice
from shared.storage.columns import Columns
from shared.storage.documents import read_document
from shared.storage.paths import Paths
from shared.storage.row_reading import FrameRows


@dataclass(frozen=True, slots=True)
class TrackedFrame:
    """The tracks of one frame.

    Attributes:
        frame_index: 0-based.
        time_seconds: since the first frame.
        tracked: the rows, by ascending track_id.
    """

    frame_index: int
    time_seconds: float
    tracked: TrackedDetections

    @classmethod
    def of(cls, rows: Columns) -> "TrackedFrame":
        """From the columns of tracks.parquet that belong to one frame."""
        xyxy = np.stack([rows[side] for side in ("x1", "y1", "x2", "y2")], axis=1)
        tracked = TrackedDetections(
            xyxy=xyxy, score=rows["confidence"], class_id=rows["class_id"],
            track_id=rows["track_id"],
        )  # fmt: skip
        return cls(int(rows["frame_index"][0]), float(rows["time_seconds"][0]), tracked)


@dataclass(frozen=True, slots=True)
class TrackedVideo:
    """One video's tracks and what they came from.

    Attributes:
        choice: the model and the thresholds that were used.
        tracks: tracks.parquet.
        results: the folder where results go.
    """

    meta: VideoMeta
    choice: Choice
    options: AnalysisOptions
    tracks: Path
    results: Path

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names by class_id."""
        return self.choice.model.manifest.classes

    def frames(self) -> Iterator[TrackedFrame]:
        """Every frame that has rows, in ascending order, in constant memory."""
        with FrameRows(self.tracks) as frames:
            for rows in frames:
                yield TrackedFrame.of(rows)


def tracked_video(paths: Paths, task: Task, choice: Choice) -> TrackedVideo:
    """Read what is small and remember where the rest lies."""
    label = choice.model.manifest.label
    return TrackedVideo(
        meta=read_document(paths.meta(task.id), VideoMeta),
        choice=choice,
        options=task.options,
        tracks=paths.tracks(task.id, label),
        results=paths.results(task.id, label),
    )


def rounded_boxes(xyxy: NDArray[np.float32]) -> NDArray[np.float64]:
    """Boxes to 2 decimals, float64 (N, 4); adding 0 makes no zero negative."""
    return np.asarray(np.round(xyxy.astype(np.float64), 2) + 0.0, np.float64)
