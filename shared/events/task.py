"""Events of a task's life."""

from typing import ClassVar

from pydantic import Field, JsonValue

from shared.events.envelope import EventData


class TaskSubmitted(EventData):
    """A task was accepted and waits for the workers."""

    TYPE: ClassVar[str] = "task.submitted.v1"

    options: dict[str, JsonValue]


class StepCompleted(EventData):
    """A step is done, with every piece of it where it runs once a chunk.

    Attributes:
        seconds: from its first start to its end, waits between attempts included.
    """

    TYPE: ClassVar[str] = "step.completed.v1"

    step: str = Field(min_length=1)
    seconds: float = Field(ge=0)


class TaskSucceeded(EventData):
    """Every step of the task is done; `seconds` since its first start."""

    TYPE: ClassVar[str] = "task.succeeded.v1"

    seconds: float = Field(ge=0)


class TaskFailed(EventData):
    """A step cannot succeed, and with it the task; `code` is stable, `message` one sentence."""

    TYPE: ClassVar[str] = "task.failed.v1"

    step: str
    code: str = Field(min_length=1)
    message: str


class TaskCancelled(EventData):
    """Somebody cancelled the task; `step` was running or next, None where none was planned."""

    TYPE: ClassVar[str] = "task.cancelled.v1"

    step: str | None = None
    code: str = Field(min_length=1)
    message: str
