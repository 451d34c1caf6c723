"""A task: one video and what is wanted of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal

from typing_extensions import TypeVar

TrackerName = Literal["botsort", "bytetrack", "ocsort", "sort"]

Loop = Literal["none", "label", "full"]
"""What follows an analysis: nothing; people label some of its frames; or a model is trained on
their labels as well, and goes live if it is better.
"""

Frames = Literal["chosen", "extracted", "folder"]
"""Which pictures people label (`LabelingOptions.frames`)."""

MOST_PICTURES = 10_000
"""Frames that one task extracts, and pictures that people are asked to label at once."""
PICTURES_TO_LABEL = 100
"""Frames that people are asked to label, where nobody said how many."""


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
        num_frames: pictures extracted beside the analysis, evenly spread over the video; with a
            loop those that people are asked to label, 0 for the usual number.
        loop: what follows the analysis.
        project: what the labelling tool calls it.
        training: settings of the fit that a loop leads to (`shared.training.settings`).
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
    loop: Loop = "none"
    project: str = "Trackloop"
    training: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CopyOptions:
    """Where a video goes. `target`: a storage key in its owner's area."""

    target: str


@dataclass(frozen=True, slots=True)
class FrameOptions:
    """What to extract. `num_frames`: pictures, evenly spread over the video."""

    num_frames: int


@dataclass(frozen=True, slots=True)
class LabelingOptions:
    """Which pictures people are asked to label.

    Attributes:
        analysis: how the video was analysed, or how pictures from elsewhere are looked at; its
            model's boxes are proposed, and its classes asked for.
        num_frames: at most so many.
        frames: `chosen` looks in the analysed video for those that teach most; `extracted` takes
            those that a task extracted; `folder` the pictures of a folder, which the source names.
        project: what the labelling tool calls it.
        train: whether a model is trained on the labels.
    """

    analysis: AnalysisOptions
    num_frames: int = PICTURES_TO_LABEL
    frames: Frames = "chosen"
    project: str = "Trackloop"
    train: bool = False


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """A model to be trained.

    Attributes:
        dataset: the task that prepared it.
        model: `name@version` that it begins with, where that was trained here. What serves under
            its name when the training is done is what it is measured against.
        settings: of the fit (`shared.training.settings`).
        deploy: whether it goes live if it is better.
    """

    dataset: str
    model: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    deploy: bool = False


@dataclass(frozen=True, slots=True)
class DeploymentOptions:
    """A trained model to go live as the next version of `model`'s name.

    Attributes:
        training: the task that trained it.
        dataset: the task that prepared what it was trained and measured on.
        model: `name@version` that the training began with; what serves under its name is what the
            trained one would replace.
        forced_by: who wants it live whatever the figures say.
    """

    training: str
    dataset: str
    model: str
    forced_by: str | None = None


Options = (
    AnalysisOptions
    | CopyOptions
    | FrameOptions
    | LabelingOptions
    | TrainingOptions
    | DeploymentOptions
)

OPTIONS: Mapping[str, type[Options]] = {
    "video": AnalysisOptions,
    "download": CopyOptions,
    "copy": CopyOptions,
    "frames": FrameOptions,
    "reanalysis": AnalysisOptions,
    "labeling": LabelingOptions,
    "training": TrainingOptions,
    "deployment": DeploymentOptions,
}
"""What the tasks of each pipeline may be told."""

O_co = TypeVar("O_co", default=AnalysisOptions, covariant=True)


@dataclass(frozen=True, slots=True)
class Task(Generic[O_co]):
    """What a pipeline is run for. `source` is a path, a file, http, https or s3 URL, or what the
    gateway composes (`shared.fetch.source`); it may hold secrets, so messages and results show it
    through `shared.fetch.shown` only.

    Attributes:
        parent: the task whose files this one goes on with; None for most.
    """

    id: str
    source: str
    options: O_co
    parent: str | None = None


AnyTask = Task[Any]
"""A task of whichever pipeline."""
