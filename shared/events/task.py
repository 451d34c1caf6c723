"""Events of a task's life."""

from typing import ClassVar

from pydantic import Field, JsonValue

from shared.events.envelope import EventData


class TaskSubmitted(EventData):
    """A task was accepted and waits for the workers."""

    TYPE: ClassVar[str] = "task.submitted.v1"

    options: dict[str, JsonValue]


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
