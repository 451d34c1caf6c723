"""Which events a room has reacted to."""

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from shared.db.insert_once import insert_once
from shared.db.tables import InboxRow


class Inbox:
    """Written in the transaction of the reaction: both are kept, or neither."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def record(self, room: str, event_id: str, event_type: str, now: datetime) -> bool:
        """True the first time; False where the room has reacted to this event before."""
        row = InboxRow(room=room, event_id=event_id, type=event_type, received_at=now)
        return insert_once(self._session, row)

    def prune(self, received_before: datetime) -> None:
        """Forget what came long ago."""
        self._session.execute(delete(InboxRow).where(InboxRow.received_at < received_before))
