"""What is to be sent, in the order in which it was written."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime

import orjson
from pydantic import TypeAdapter
from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from shared.db.tables import OutboxRow
from shared.domain.step import Doorbell
from shared.events.envelope import Event, EventData

EVENT, DOORBELL = "event", "doorbell"
_DOORBELL = TypeAdapter(Doorbell)


class Outbox:
    """Order holds within a task, whose writers take turns; across tasks it is the ids' order.

    Attributes:
        written: whether this unit left something to send.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.written = False

    def add_event(self, event: Event[EventData]) -> None:
        """Send this event once the fact that it reports is committed."""
        self._add(EVENT, event.type, event.subject, orjson.loads(event.to_json()))

    def add_doorbell(self, bell: Doorbell) -> None:
        """Ring these steps of one task once they are committed as ready."""
        body = asdict(bell)
        self._add(DOORBELL, bell.chains[0][0].name, body.pop("task_id"), body)

    def unsent(self, limit: int) -> Sequence[OutboxRow]:
        """The oldest that were not sent."""
        query = select(OutboxRow).where(OutboxRow.sent_at.is_(None))
        return self._session.scalars(query.order_by(OutboxRow.id).limit(limit)).all()

    def about(self, task_id: str) -> Sequence[OutboxRow]:
        """What was and will be sent about a task, as long as it is kept."""
        query = select(OutboxRow).where(OutboxRow.task_id == task_id)
        return self._session.scalars(query.order_by(OutboxRow.id)).all()

    def events_since(self, moment: datetime) -> Sequence[OutboxRow]:
        """What was said since then and handed to the broker, oldest first."""
        query = select(OutboxRow).where(OutboxRow.kind == EVENT, OutboxRow.sent_at > moment)
        return self._session.scalars(query.order_by(OutboxRow.id)).all()

    def mark_sent(self, ids: Iterable[int]) -> None:
        """These were handed to the broker."""
        self._session.execute(
            update(OutboxRow).where(OutboxRow.id.in_(list(ids))).values(sent_at=datetime.now(UTC))
        )

    def about_to_ring(self, task_id: str) -> set[tuple[str, int]]:
        """Name and part of each step of the task whose doorbell is not sent yet."""
        query = select(OutboxRow.body).where(
            OutboxRow.sent_at.is_(None), OutboxRow.kind == DOORBELL, OutboxRow.task_id == task_id
        )
        bodies = self._session.scalars(query)
        return {(first["name"], first["part"]) for body in bodies for first, *_ in body["chains"]}

    def announces(self, task_id: str, event_type: str) -> bool:
        """Whether an event of this type about this task is not sent yet."""
        query = select(OutboxRow.id).where(
            OutboxRow.sent_at.is_(None),
            OutboxRow.task_id == task_id,
            OutboxRow.topic == event_type,
        )
        return self._session.scalar(query.limit(1)) is not None

    def prune(self, sent_before: datetime) -> int:
        """Forget what was sent long ago; how many."""
        return _rows(
            self._session.execute(delete(OutboxRow).where(OutboxRow.sent_at < sent_before))
        )

    def forget(self, task_id: str) -> None:
        """Delete all that is kept about a task."""
        self._session.execute(delete(OutboxRow).where(OutboxRow.task_id == task_id))

    def _add(self, kind: str, topic: str, task_id: str, body: dict[str, object]) -> None:
        self.written = True
        self._session.add(
            OutboxRow(
                kind=kind, topic=topic, task_id=task_id, body=body, created_at=datetime.now(UTC)
            )
        )
        self._session.flush()


def doorbell_of(row: OutboxRow) -> Doorbell:
    """The doorbell that a row holds."""
    return _DOORBELL.validate_python({"task_id": row.task_id} | row.body)


def _rows(result: object) -> int:
    return result.rowcount if isinstance(result, CursorResult) else 0
