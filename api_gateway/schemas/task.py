"""Tasks as clients send and read them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api_gateway.schemas.options import Options
from shared.domain.step import StepState
from shared.domain.task import TaskState
from shared.fetch.shown import shown

Place = Annotated[
    str, Field(min_length=1, max_length=8192, examples=["https://cameras.example/visit.mp4"])
]
UserId = Annotated[str, Field(min_length=1, max_length=100)]


class TaskRequest(BaseModel):
    """`file_path`: a URL, an absolute path under an allowed folder, or a key of one's own area."""

    model_config = ConfigDict(extra="forbid")

    file_path: Place
    user_id: UserId | None = None
    options: Options = Options()


class Submitted(BaseModel):
    """Where to look for what becomes of it."""

    task_id: str
    status_url: str


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class FaultView(_Read):
    """Why something failed."""

    code: str
    message: str
    step: str | None


class StepView(_Read):
    """One step, or one chunk (`part`) of it; `output` is what it found out."""

    name: str
    part: int
    state: StepState
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    resume_at: datetime | None
    output: dict[str, Any] | None
    error: FaultView | None


class ProgressView(_Read):
    """How far the step that reported last has come; `rate` is units a second, `found` what the
    step knows by now.
    """

    step: str
    done: float
    total: float | None
    unit: str
    percent: float | None
    rate: float | None
    seconds_left: float | None
    found: dict[str, Any] = {}


class TaskSummary(_Read):
    """A task without its steps. `source` is shown without what may be secret."""

    task_id: str
    pipeline: str
    source: Annotated[str, BeforeValidator(shown)]
    state: TaskState
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: FaultView | None


class PhaseView(_Read):
    """A task that goes on with what this one left; it has steps and an end of its own."""

    task_id: str
    pipeline: str
    state: TaskState
    ended_at: datetime | None
    error: FaultView | None


class TaskView(TaskSummary):
    """A task at one moment. `percent`: stages done, with what is done of the current one; `loop`:
    what follows it.
    """

    options: dict[str, Any]
    current_step: str | None
    percent: float = Field(ge=0, le=100)
    attempt: int
    steps: list[StepView]
    loop: list[PhaseView] = []
    progress: ProgressView | None = None


class TaskPage(BaseModel):
    """Newest first; `next` is the `before` of the page that follows, null on the last."""

    tasks: list[TaskSummary]
    next: str | None


class TimelineEntry(_Read):
    """Something that happened: an event, or the begin or end of a step."""

    time: datetime
    kind: str
    name: str
    part: int | None
    detail: str | None


class Timeline(BaseModel):
    """In order."""

    entries: list[TimelineEntry]


class ArtefactView(BaseModel):
    """A file that a step left."""

    name: str
    step: str
    size: int
    sha256: str
    media_type: str
    url: str


class Results(BaseModel):
    """By name."""

    artefacts: list[ArtefactView]


class Finished(BaseModel):
    """What a one-step task gave."""

    task_id: str
    output: dict[str, Any]
