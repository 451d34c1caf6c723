"""Messages to receivers: written by the reaction, claimed by senders, seen by whoever asks."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm import Session

from shared.db.notification_tables import DeliveryRow
from shared.domain.notification import DeliveryState


@dataclass(frozen=True, slots=True)
class Busy:
    """What takes no more for now.

    Attributes:
        lanes: these.
        prefix: every lane that begins so; None: no others.
    """

    lanes: Collection[str] = ()
    prefix: str | None = None


class Deliveries:
    """A row is sent by whoever claimed it last.

    Attributes:
        written: whether this unit left something to send.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.written = False

    def add(self, row: DeliveryRow) -> None:
        """Keep a message; it goes out when it is due."""
        self.written = self.written or row.due_at is not None
        self._session.add(row)
        self._session.flush()

    def said_since(self, rule_id: str, same: str, since: datetime) -> bool:
        """Whether the rule's receiver was told the same, or is to be told, since then."""
        query = select(DeliveryRow.id).where(
            DeliveryRow.rule_id == rule_id,
            DeliveryRow.same == same,
            DeliveryRow.created_at > since,
            DeliveryRow.state != DeliveryState.SUPPRESSED,
        )
        return self._session.scalar(query.limit(1)) is not None

    def next_due(self, busy: Busy) -> datetime | None:
        """When the next message that may be sent falls due."""
        return self._session.scalar(select(func.min(DeliveryRow.due_at)).where(*_open(busy)))

    def take_due(self, busy: Busy, now: datetime) -> DeliveryRow | None:
        """The message that has been due for longest, for this transaction alone."""
        query = select(DeliveryRow).where(*_open(busy), DeliveryRow.due_at <= now)
        query = query.order_by(DeliveryRow.due_at, DeliveryRow.id).limit(1)
        return self._session.scalar(query.with_for_update(skip_locked=True))

    def held(self, delivery_id: str, fence: int) -> DeliveryRow | None:
        """The message, locked, as long as nobody claimed it since."""
        query = select(DeliveryRow).where(
            DeliveryRow.id == delivery_id,
            DeliveryRow.fence == fence,
            DeliveryRow.state == DeliveryState.SENDING,
        )
        return self._session.scalar(query.with_for_update())

    def lock(self, delivery_id: str) -> DeliveryRow | None:
        """The message, for this transaction alone."""
        if "\0" in delivery_id:  # PostgreSQL takes none, not even to look for
            return None
        query = select(DeliveryRow).where(DeliveryRow.id == delivery_id)
        return self._session.scalar(query.with_for_update())

    def hurry(self, now: datetime, *, lane: str, rule_id: str | None = None) -> None:
        """A receiver answers again: what waits in its lane (of one rule) waits no longer."""
        query = update(DeliveryRow).where(
            DeliveryRow.lane == lane,
            DeliveryRow.state == DeliveryState.WAITING,
            DeliveryRow.due_at > now,
        )
        if rule_id is not None:
            query = query.where(DeliveryRow.rule_id == rule_id)
        self._session.execute(query.values(due_at=now))

    def free_all(self, now: datetime) -> int:
        """Take every lease away: whoever was sending has died; how many."""
        done = self._session.execute(
            update(DeliveryRow)
            .where(DeliveryRow.state == DeliveryState.SENDING, DeliveryRow.due_at > now)
            .values(due_at=now)
            .returning(DeliveryRow.id)
        )
        return len(done.all())

    def page(
        self,
        owner: str | None,
        *,
        limit: int,
        states: Sequence[DeliveryState] = (),
        subject: str | None = None,
        before: str | None = None,
        everybody: bool = False,
    ) -> Sequence[DeliveryRow]:
        """Newest first; `before` is the last id of the page before."""
        query = select(DeliveryRow)
        if not everybody:
            query = query.where(DeliveryRow.owner.is_not_distinct_from(owner))
        if states:
            query = query.where(DeliveryRow.state.in_(states))
        if subject is not None:
            query = query.where(DeliveryRow.subject == subject)
        if before is not None:
            query = query.where(DeliveryRow.id < before)
        return self._session.scalars(query.order_by(DeliveryRow.id.desc()).limit(limit)).all()

    def forget(self, subject: str) -> None:
        """Delete every message about a task."""
        self._session.execute(delete(DeliveryRow).where(DeliveryRow.subject == subject))

    def prune(self, ended_before: datetime) -> None:
        """Forget what ended long ago, one way or the other."""
        self._session.execute(delete(DeliveryRow).where(DeliveryRow.ended_at < ended_before))


def _open(busy: Busy) -> Iterator[ColumnElement[bool]]:
    """What a message must be so that it may be sent."""
    yield DeliveryRow.due_at.is_not(None)
    if busy.lanes:
        yield DeliveryRow.lane.not_in(busy.lanes)
    if busy.prefix is not None:
        yield ~DeliveryRow.lane.startswith(busy.prefix, autoescape=True)
