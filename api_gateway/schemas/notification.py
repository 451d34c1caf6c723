"""Rules and notifications as clients send and read them."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from api_gateway.schemas.options import Label
from api_gateway.schemas.task import UserId
from shared.domain.notification import DeliveryState, Interest, Outcome, Priority
from shared.fetch.shown import shown

StepName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$", examples=["track"])]

_DEFAULT = Interest()


class RuleRequest(BaseModel):
    """Either `channel`, one of the deployment's, or `url`, a webhook of one's own."""

    model_config = ConfigDict(extra="forbid")

    channel: Label | None = None
    url: str | None = Field(
        default=None, min_length=1, max_length=8192, examples=["https://hooks.example/trackloop"]
    )
    name: Label | None = Field(default=None, description="what to call it")
    steps: list[StepName] = Field(default=[], max_length=100, description="empty: every event")
    outcomes: list[Outcome] = Field(default=[], max_length=20, description="empty: all")
    priority: Priority = _DEFAULT.priority
    quiet_seconds: int = Field(
        default=_DEFAULT.quiet_seconds, ge=0, le=86_400, description="no repeat of the same"
    )
    user_id: UserId | None = None

    def interest(self) -> Interest:
        """The same for the domain."""
        return Interest(
            steps=tuple(self.steps),
            outcomes=tuple(self.outcomes),
            priority=self.priority,
            quiet_seconds=self.quiet_seconds,
        )


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class RuleView(_Read):
    """A rule. `url` is shown without what may be secret; `enabled` ends with an HTTP 410."""

    id: str
    name: str
    channel: str | None
    url: Annotated[str | None, BeforeValidator(lambda url: url and shown(url))]
    steps: list[str]
    outcomes: list[Outcome]
    priority: Priority
    quiet_seconds: int
    enabled: bool
    created_at: datetime


class NewRule(RuleView):
    """A rule just made. `secret` signs its webhooks and is shown only now."""

    secret: str | None


class Rules(BaseModel):
    """Oldest first."""

    rules: list[RuleView]


class ErrorView(BaseModel):
    """Why the last try failed."""

    code: str
    message: str


class NotificationView(BaseModel):
    """One event on its way to one receiver. `event_id` is the `webhook-id` of every copy.

    `due_at`: when it is tried next.
    """

    id: str
    event_id: str
    type: str
    task_id: str
    rule_id: str
    rule_name: str
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    error: ErrorView | None
    created_at: datetime
    ended_at: datetime | None


class NotificationPage(BaseModel):
    """Newest first; `next` is the `before` of the page that follows, null on the last."""

    notifications: list[NotificationView]
    next: str | None
