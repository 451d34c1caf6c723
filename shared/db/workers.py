"""Who serves which queues: written by the workers themselves, forgotten when they fall silent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shared.db.tables import WorkerRow


class Workers:
    """One row for each worker that lives, or lived until a moment ago."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def seen(self, worker_id: str, queues: Sequence[str], processes: int, now: datetime) -> None:
        """The worker is there."""
        row = self._session.get(WorkerRow, worker_id)
        if row is None:
            row = WorkerRow(
                id=worker_id, queues=sorted(queues), processes=processes, started_at=now,
                seen_at=now,
            )  # fmt: skip
            self._session.add(row)
        row.seen_at = now

    def gone(self, worker_id: str) -> None:
        """The worker has ended."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))

    def forget(self, seen_before: datetime) -> None:
        """Whoever was not seen since then died without a word."""
        self._session.execute(delete(WorkerRow).where(WorkerRow.seen_at < seen_before))

    def alive(self, seen_since: datetime) -> Sequence[WorkerRow]:
        """The workers that were seen since then, oldest first."""
        query = select(WorkerRow).where(WorkerRow.seen_at >= seen_since)
        return self._session.scalars(query.order_by(WorkerRow.started_at, WorkerRow.id)).all()
