"""A task: one video and what is wanted of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Generic, Literal

from typing_extensions import TypeVar

TrackerName = Literal["botsort", "bytetrack", "ocsort", "sort"]

MOST_PICTURES = 10_000
"""Frames that one task extracts."""


class TaskState(StrEnum):
    """Where a task stands, as clients see it."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING_FOR_LABELS = "waiting_for_labels"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


LIVE_TASKS = (TaskState.QUEUED, TaskState.RUNNING, TaskState.WAITING_FOR_LABELS)


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """What to look for, and how.

    Attributes:
        model: `name` or `name@version`.
        classes: class names to keep; empty keeps all.
        confidence: score from which a box may start a track; None takes the model's own.
        iou: IoU above which non-maximum suppression drops a box; None takes the model's own.
        frame_skip: frames left out between two analysed ones.
        max_frames: only this many frames from the start of the video; None takes all.
        tracker: name of the tracker.
        link: whether to join the pieces of a broken track once the whole video is known.
        overlay: whether to draw the overlay video.
        num_frames: pictures extracted beside the analysis, evenly spread over the video.
        loop: whether results lead to labels and training; not yet.
    """

    model: str = "pet_hotel"
    classes: tuple[str, ...] = ()
    confidence: float | None = None
    iou: float | None = None
    frame_skip: int = 0
    max_frames: int | None = None
    tracker: TrackerName = "botsort"
    link: bool = True
    overlay: bool = True
    num_frames: int = 0
    loop: Literal["none"] = "none"


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """Where a video goes. `target`: a storage key in its owner's area."""

    target: str


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """What to extract. `num_frames`: pictures, evenly spread over the video."""

    num_frames: int


Options = AnalysisOptions | CopyOptions | FrameOptions

OPTIONS: Mapping[str, type[Options]] = {
    "video": AnalysisOptions,
    "download": CopyOptions,
    "copy": CopyOptions,
    "frames": FrameOptions,
}
"""What the tasks of each pipeline may be told."""

O_co = TypeVar("O_co", default=AnalysisOptions, covariant=True)


@dataclass(frozen=True, slots=True)
class Task(Generic[O_co]):
    """What a pipeline is run for. `source` is a path, a file, http, https or s3 URL, or what the
    gateway composes (`shared.fetch.source`); it may hold secrets, so messages and results show it
    through `shared.fetch.shown` only.
    """

    id: str
    source: str
    options: O_co


AnyTask = Task[Any]
"""A task of whichever pipeline."""
