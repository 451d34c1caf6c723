"""The tables of notifications: who wants to hear what, and each message to each receiver."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from shared.db.tables import Base

_ID = String(36)
_NAME = String(200)


class RuleRow(Base):
    """Who hears of what, and by which way.

    Attributes:
        owner: whose tasks it hears of; None: the operator's, which chooses by `users`.
        channel: name of a channel of the deployment; None for a webhook of the rule's own.
        url, secret: that webhook; the secret signs, so it is kept as it is.
        enabled: off once the webhook's server said that it is gone for good.
    """

    __tablename__ = "notification_rules"

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    owner: Mapped[str | None] = mapped_column(_NAME, index=True)
    name: Mapped[str] = mapped_column(_NAME)
    channel: Mapped[str | None] = mapped_column(_NAME)
    url: Mapped[str | None] = mapped_column(Text)
    secret: Mapped[str | None] = mapped_column(_NAME)
    steps: Mapped[list[str]]
    outcomes: Mapped[list[str]]
    users: Mapped[list[str]]
    priority: Mapped[str] = mapped_column(String(20))
    quiet_seconds: Mapped[int]
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]


class DeliveryRow(Base):
    """One event on its way to the receiver of one rule.

    Attributes:
        event: the envelope as it was heard; `event_id` is what receivers know copies by.
        rule_id: no foreign key: what was sent stays known when its rule is gone.
        owner: of the rule, who may see this; None: the operator.
        user_id, subject, about: whose task, its id, and the name of its video.
        lane: messages of one lane take turns, so that a slow receiver holds no other.
        same: the same in two rows: the second said nothing new.
        due_at: when it may be taken next; while it is being sent, the end of the lease. None: over.
        fence: rises with each claim; only its holder may say how it went.
        attempts, refusals: claims since somebody last asked; those that the receiver refused.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("event_id", "rule_id"),
        Index(None, "due_at"),
        Index(None, "owner", "id"),
        Index(None, "subject"),
        Index(None, "rule_id", "same", "created_at"),
    )

    id: Mapped[str] = mapped_column(_ID, primary_key=True)
    event_id: Mapped[str] = mapped_column(_NAME)
    rule_id: Mapped[str] = mapped_column(_ID)
    rule_name: Mapped[str] = mapped_column(_NAME)
    owner: Mapped[str | None] = mapped_column(_NAME)
    user_id: Mapped[str] = mapped_column(_NAME)
    subject: Mapped[str] = mapped_column(_NAME)
    about: Mapped[str] = mapped_column(Text)
    event: Mapped[dict[str, Any]]
    lane: Mapped[str] = mapped_column(_NAME)
    same: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    refusals: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]
    error_code: Mapped[str | None] = mapped_column(_NAME)
    error_message: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
