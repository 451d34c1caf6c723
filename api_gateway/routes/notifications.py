"""Who wants to hear what, and what was told."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api_gateway.dependencies import ReadingOwner, Stands, Writer, WritingOwner
from api_gateway.schemas.notification import (
    ErrorView,
    NewRule,
    NotificationPage,
    NotificationView,
    RuleRequest,
    Rules,
    RuleView,
)
from shared.db.notification_tables import DeliveryRow
from shared.domain.notification import DeliveryState
from shared.notifications.make_rule import Wish, make_rule, remove_rule
from shared.notifications.retry import retry_delivery

router = APIRouter(prefix="/notifications", tags=["notifications"])

_ID = r"^[0-9a-f-]{1,36}$"


@router.post("/rules", status_code=201)
def add_rule(body: RuleRequest, caller: Writer, gateway: Stands) -> NewRule:
    """Hear of one's own tasks from now on."""
    settings = gateway.settings
    wish = Wish(
        owner=caller.owner(body.user_id), interest=body.interest(),
        channel=body.channel, url=body.url, name=body.name or "",
    )  # fmt: skip
    with gateway.database.begin() as unit:
        row = make_rule(unit, wish, settings.notify_urls.keys(), settings.allowed_networks)
    return NewRule.model_validate(row)


@router.get("/rules")
def list_rules(owner: ReadingOwner, gateway: Stands) -> Rules:
    """One's rules."""
    with gateway.database.read() as unit:
        return Rules(rules=[RuleView.model_validate(row) for row in unit.rules.of(owner)])


@router.delete("/rules/{rule_id}", status_code=204, response_class=Response)
def drop_rule(rule_id: str, owner: WritingOwner, gateway: Stands) -> None:
    """Hear no more of it; what waits is not sent."""
    with gateway.database.begin() as unit:
        remove_rule(unit, rule_id, owner)


@router.get("")
def list_notifications(
    owner: ReadingOwner,
    gateway: Stands,
    state: Annotated[list[DeliveryState], Query(max_length=10)] = [],  # noqa: B006  (FastAPI copies it)
    task_id: Annotated[str | None, Query(pattern=_ID)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[str | None, Query(pattern=_ID, description="`next` of a page")] = None,
) -> NotificationPage:
    """What one's rules led to, newest first."""
    with gateway.database.read() as unit:
        rows = unit.deliveries.page(
            owner, limit=limit + 1, states=state, subject=task_id, before=before
        )
    shown = rows[:limit]
    more = shown[-1].id if len(rows) > limit else None
    return NotificationPage(notifications=[_view(row) for row in shown], next=more)


@router.post("/{notification_id}/retry")
def retry(notification_id: str, owner: WritingOwner, gateway: Stands) -> NotificationView:
    """Send now what waits or was given up."""
    with gateway.database.begin() as unit:
        return _view(retry_delivery(unit, notification_id, owner))


def _view(row: DeliveryRow) -> NotificationView:
    error = None
    if row.error_code is not None:
        error = ErrorView(code=row.error_code, message=row.error_message or "")
    return NotificationView(
        id=row.id, event_id=row.event_id, type=row.event["type"], task_id=row.subject,
        rule_id=row.rule_id, rule_name=row.rule_name, state=DeliveryState(row.state),
        attempts=row.attempts, due_at=row.due_at, error=error, created_at=row.created_at,
        ended_at=row.ended_at,
    )  # fmt: skip
