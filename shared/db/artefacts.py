"""The files that committed steps left."""

from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session, aliased

from shared.db.tables import ArtefactRow


class Artefacts:
    """One row for each name of a task; a later commit of the same name replaces it."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def replace(self, row: ArtefactRow) -> None:
        """Write the row in place of an older one of this name."""
        self._session.execute(
            delete(ArtefactRow).where(
                ArtefactRow.task_id == row.task_id, ArtefactRow.name == row.name
            )
        )
        self._session.add(row)

    def of(self, task_id: str) -> Sequence[ArtefactRow]:
        """A task's files, by name."""
        query = select(ArtefactRow).where(ArtefactRow.task_id == task_id)
        return self._session.scalars(query.order_by(ArtefactRow.name)).all()

    def named(self, task_id: str, name: str) -> ArtefactRow | None:
        """One file of a task."""
        if "\0" in name:  # PostgreSQL takes none, not even to look for
            return None
        return self._session.scalar(
            select(ArtefactRow).where(ArtefactRow.task_id == task_id, ArtefactRow.name == name)
        )

    def only_of(self, task_id: str) -> Sequence[str]:
        """Keys of the task's files that no other task refers to."""
        other = aliased(ArtefactRow)
        shared = select(other.id).where(
            other.key == ArtefactRow.key, other.task_id != ArtefactRow.task_id
        )
        query = select(ArtefactRow.key).where(ArtefactRow.task_id == task_id, ~shared.exists())
        return self._session.scalars(query.order_by(ArtefactRow.key)).all()

    def referred(self, hashes: Sequence[str]) -> set[str]:
        """Which of these SHA-256 some task's file has."""
        query = select(ArtefactRow.sha256).where(ArtefactRow.sha256.in_(hashes))
        return set(self._session.scalars(query.distinct()))
