"""The CloudEvents 1.0 envelope around every event: strict when sent, tolerant when read."""

from datetime import UTC, datetime
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator
from uuid_utils import uuid7

SOURCE_PREFIX = "/trackloop/"


class EventData(BaseModel):
    """What an event says beside its envelope. The task's id is the envelope's subject.

    Attributes:
        TYPE: name and version, such as `task.submitted.v1`; also the routing key.
        user_id: the owner of the task.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    TYPE: ClassVar[str]

    user_id: str = Field(min_length=1)


D = TypeVar("D", bound=EventData)
D_co = TypeVar("D_co", bound=EventData, covariant=True)


class Event(BaseModel, Generic[D_co]):
    """One event. `subject` is a task id, `time` is UTC, `causationid` the event that led to it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(pattern=r"^[a-z]+(\.[a-z]+)+\.v[1-9]\d*$")
    time: AwareDatetime
    subject: str = Field(min_length=1)
    datacontenttype: Literal["application/json"] = "application/json"
    correlationid: str = Field(min_length=1)
    causationid: str | None = None
    data: D_co

    @field_validator("time")
    @classmethod
    def _in_utc(cls, time: datetime) -> datetime:
        return time.astimezone(UTC)

    def to_json(self) -> bytes:
        """The structured JSON form; attributes without a value are left out, as the spec asks."""
        return self.model_dump_json(exclude_none=True).encode()


def compose(
    data: D, *, room: str, task_id: str, correlation_id: str, cause: str | None = None
) -> Event[D]:
    """A new event from `room`, now, with an id that sorts by time."""
    return Event[D](
        id=new_id(),
        source=SOURCE_PREFIX + room,
        type=data.TYPE,
        time=datetime.now(UTC),
        subject=task_id,
        correlationid=correlation_id,
        causationid=cause,
        data=data,
    )


def new_id() -> str:
    """A UUIDv7: ids of tasks, events and messages sort by the time they were made."""
    return str(uuid7())
