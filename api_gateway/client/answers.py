"""What the service answers, as docs/http.md has it. Times are ISO 8601 in UTC."""

from collections.abc import Sequence
from typing import Any, TypedDict

ENDED = ("succeeded", "failed", "cancelled")
"""States that a task does not leave."""


class Fault(TypedDict):
    """Why something failed."""

    code: str
    message: str
    step: str | None


class Step(TypedDict):
    """One step, or one chunk (`part`) of it."""

    name: str
    part: int
    state: str
    attempt: int
    started_at: str | None
    ended_at: str | None
    resume_at: str | None
    output: dict[str, Any] | None
    error: Fault | None


class StepProgress(TypedDict):
    """How far the step has come that reported last; `rate` is units a second, `found` what it
    knows by now.
    """

    step: str
    done: float
    total: float | None
    unit: str
    percent: float | None
    rate: float | None
    seconds_left: float | None
    found: dict[str, Any]


class TaskSummary(TypedDict):
    """A task as lists show it. `source` without what may be secret."""

    task_id: str
    pipeline: str
    source: str
    state: str
    created_at: str
    started_at: str | None
    ended_at: str | None
    error: Fault | None


class Phase(TypedDict):
    """A task that goes on with what another one left."""

    task_id: str
    pipeline: str
    state: str
    ended_at: str | None
    error: Fault | None


class Status(TaskSummary):
    """A task at one moment. `loop`: what follows it."""

    options: dict[str, Any]
    current_step: str | None
    percent: float
    attempt: int
    steps: Sequence[Step]
    loop: Sequence[Phase]
    progress: StepProgress | None


class Labeling(TypedDict):
    """How far people are with labels; `rate` is `labelled` of `total`, 0 to 1."""

    task_id: str
    analysed_task_id: str | None
    state: str
    project: str | None
    url: str | None
    total: int
    labelled: int
    rate: float
    error: Fault | None


class Training(TypedDict):
    """How far a training is; figures are empty until they are known."""

    task_id: str
    state: str
    current_epoch: int
    epochs: int
    last_epoch: dict[str, Any] | None
    best_epoch: int | None
    metrics: dict[str, float]
    evaluation: dict[str, Any]
    error: Fault | None


class Artefact(TypedDict):
    """A file of a task; `size` in bytes."""

    name: str
    step: str
    size: int
    sha256: str
    media_type: str
    url: str


class Track(TypedDict):
    """One subject, from when to when; boxes are left, top, right, bottom in pixels."""

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
    first_box: Sequence[float]
    last_box: Sequence[float]


class Model(TypedDict):
    """A version of a model; `state`: `serving`, `kept` or `pruned`, which no task may name."""

    name: str
    version: str
    state: str
    task: str
    classes: Sequence[str]
    input: dict[str, Any]
    thresholds: dict[str, Any]
    metrics: dict[str, Any] | None
    licence: str | None
