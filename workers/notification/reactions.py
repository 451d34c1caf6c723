"""What notifications do with the events they hear. A reaction only writes rows."""

from datetime import UTC, datetime, timedelta

from shared.db.database import Database
from shared.db.notification_tables import DeliveryRow, RuleRow
from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.notification import DeliveryState
from shared.events.envelope import Event, EventData, new_id
from shared.fetch.shown import base_name
from shared.messaging.consumer import Reactions
from shared.notifications.notice import OUTCOMES, Notice, notice_of, sameness, wants
from workers.notification.lanes import lane_of


def is_wanted(database: Database, event: Event[EventData]) -> bool:
    """Whether any rule wants it. What nobody wants costs one read and leaves no trace."""
    notice = notice_of(event)
    with database.read() as unit:
        return any(wants(rule, notice) for rule in unit.rules.enabled(notice.user_id))


def _tell(unit: Unit, event: Event[EventData]) -> None:
    """A delivery for each rule that wants it."""
    # Locked, so that an erasure comes before or after; it lets no two reactions each miss the
    # other's delivery of the same.
    task = unit.tasks.lock(event.subject)
    if task is None or task.erase_requested_at is not None:
        return
    notice, now = notice_of(event), datetime.now(UTC)
    for rule in unit.rules.enabled(notice.user_id):
        if wants(rule, notice):
            unit.deliveries.add(_delivery(unit, rule, notice, task, now))


def _delivery(
    unit: Unit, rule: RuleRow, notice: Notice, task: TaskRow, now: datetime
) -> DeliveryRow:
    same, since = sameness(notice), now - timedelta(seconds=rule.quiet_seconds)
    repeated = unit.deliveries.said_since(rule.id, same, since)
    event = notice.event
    return DeliveryRow(
        id=new_id(), event_id=event.id, rule_id=rule.id, rule_name=rule.name, owner=rule.owner,
        user_id=notice.user_id, subject=event.subject, about=base_name(task.source),
        event=event.model_dump(mode="json", exclude_none=True), lane=lane_of(rule), same=same,
        state=DeliveryState.SUPPRESSED if repeated else DeliveryState.WAITING,
        due_at=None if repeated else now, created_at=now, ended_at=now if repeated else None,
    )  # fmt: skip


REACTIONS: Reactions = dict.fromkeys(OUTCOMES, _tell)
