"""Every table. States are strings (shared/domain), so that a new one needs no migration."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.db.utc_time import UtcTime

_ID = String(36)
_NAME = String(200)
_HASH = String(64)
_COUNTER = BigInteger().with_variant(Integer, "sqlite")


class Base(DeclarativeBase):
    """Names every constraint, so that a migration can find it on both databases."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: UtcTime(),
        float: Double(),
        dict[str, Any]: JSON(none_as_null=True),
        list[str]: JSON(none_as_null=True),
    }


class TaskRow(Base):
    """A task.

    Attributes:
        generation: outdates every message rung before it rose.
        cancel_requested: nothing follows it any more, also where it had ended before.
        parent_id: the task whose files this one goes on with.
        root_id: the task with which a loop began that this one is part of.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        UniqueConstraint("owner", "idempotency_key"),
        Index(None, "owner", "created_at"),
        Index(None, "state"),
        Index(None, "root_id"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    parent_id: Mapped[str | None] = mapped_column(_ID)
    root_id: Mapped[str | None] = mapped_column(_ID)
    owner: Mapped[str] = mapped_column(_NAME)
    pipeline: Mapped[str] = mapped_column(_NAME)
    source: Mapped[str] = mapped_column(Text)
    options: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(20))
    generation: Mapped[int] = mapped_column(default=0)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    erase_requested_at: Mapped[datetime | None]
    idempotency_key: Mapped[str | None] = mapped_column(_NAME)
    request_digest: Mapped[str] = mapped_column(_HASH)
    correlation_id: Mapped[str] = mapped_column(_NAME)
    error_code: Mapped[str | None] = mapped_column(_NAME)
    error_message: Mapped[str | None] = mapped_column(Text)
    error_step: Mapped[str | None] = mapped_column(_NAME)
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]


class StepRow(Base):
    """One step of one task; a step that runs once for each chunk has a row for each.

    Attributes:
        fence: rises with each claim; only its holder may commit.
        attempt, failures: claims; failures after which the step was put off.
        lease_until: until when the claimant is believed to be alive.
        claimed_message, claimed_rung_at: the message that was claimed, and when it was rung.
        rung_at: when a message for this step was last rung, as far as the database knows.
        active_at: last claim, heartbeat or end: shows that its queue is served.
    """

    __tablename__ = "steps"
    __table_args__ = (
        UniqueConstraint("task_id", "name", "part"),
        Index(None, "state", "lease_until"),
        Index(None, "queue", "active_at"),
        Index(None, "queue", "claimed_rung_at"),
    )

    id: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    task_id: Mapped[str] = mapped_column(_ID, ForeignKey("tasks.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(_NAME)
    part: Mapped[int] = mapped_column(default=0)
    position: Mapped[int]
    queue: Mapped[str] = mapped_column(_NAME)
    state: Mapped[str] = mapped_column(String(20))
    fence: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    failures: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None]
    claimed_message: Mapped[str | None] = mapped_column(_NAME)
    claimed_rung_at: Mapped[datetime | None]
    rung_at: Mapped[datetime | None]
    resume_at: Mapped[datetime | None]
    active_at: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    output: Mapped[dict[str, Any] | None]
    error_code: Mapped[str | None] = mapped_column(_NAME)
    error_message: Mapped[str | None] = mapped_column(Text)


class OutboxRow(Base):
    """What is to be sent, written with the fact that it reports. `id` gives the order.

    Attributes:
        kind: `event` or `doorbell`.
        topic: the event's type; for a doorbell the first step's name.
        body: the event's JSON, or the doorbell's generation and steps.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index(
            "ix_outbox_unsent", "id",
            sqlite_where=text("sent_at IS NULL"), postgresql_where=text("sent_at IS NULL"),
        ),
        Index(None, "task_id"),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    topic: Mapped[str] = mapped_column(_NAME)
    task_id: Mapped[str] = mapped_column(_ID)
    body: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class InboxRow(Base):
    """An event that a room has reacted to; a second copy of it is passed over."""

    __tablename__ = "inbox"

    room: Mapped[str] = mapped_column(_NAME, primary_key=True)
    event_id: Mapped[str] = mapped_column(_NAME, primary_key=True)
    type: Mapped[str] = mapped_column(_NAME)
    received_at: Mapped[datetime] = mapped_column(index=True)


class ArtefactRow(Base):
    """A file that a committed step left. `key` is its place under the storage root."""

    __tablename__ = "artefacts"
    __table_args__ = (UniqueConstraint("task_id", "name"), Index(None, "key"))

    id: Mapped[int] = mapped_column(_COUNTER, primary_key=True)
    task_id: Mapped[str] = mapped_column(_ID, ForeignKey("tasks.id", ondelete="CASCADE"))
    step: Mapped[str] = mapped_column(_NAME)
    name: Mapped[str] = mapped_column(_NAME)
    key: Mapped[str] = mapped_column(String(1000))
    sha256: Mapped[str] = mapped_column(_HASH)
    size: Mapped[int] = mapped_column(BigInteger)
    fence: Mapped[int]


class WorkerRow(Base):
    """A process that runs steps.

    Attributes:
        processes: steps that it runs at once.
        seen_at: when it last said that it is there.
    """

    __tablename__ = "workers"

    id: Mapped[str] = mapped_column(_NAME, primary_key=True)
    queues: Mapped[list[str]]
    processes: Mapped[int]
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]


class TrackRow(Base):
    """A track, summed up (shared/domain/track.py); boxes in pixels."""

    __tablename__ = "tracks"

    task_id: Mapped[str] = mapped_column(
        _ID, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True
    )
    track_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    class_id: Mapped[int]
    class_name: Mapped[str] = mapped_column(Text)
    first_frame: Mapped[int]
    last_frame: Mapped[int]
    first_seconds: Mapped[float]
    last_seconds: Mapped[float]
    observations: Mapped[int]
    mean_confidence: Mapped[float]
    max_confidence: Mapped[float]
    path_pixels: Mapped[float]
    first_x1: Mapped[float]
    first_y1: Mapped[float]
    first_x2: Mapped[float]
    first_y2: Mapped[float]
    last_x1: Mapped[float]
    last_y1: Mapped[float]
    last_x2: Mapped[float]
    last_y2: Mapped[float]


class ApiKeyRow(Base):
    """A key by its SHA-256: 256 random bits need no slow hash. The key itself is never kept."""

    __tablename__ = "api_keys"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    sha256: Mapped[str] = mapped_column(_HASH, unique=True)
    principal: Mapped[str] = mapped_column(_NAME, index=True)
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
