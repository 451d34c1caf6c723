"""Tasks."""

from collections.abc import Collection, Sequence
from datetime import datetime

from pydantic import TypeAdapter
from sqlalchemy import select
from sqlalchemy.orm import Session

from shared.db.insert_once import insert_once
from shared.db.tables import StepRow, TaskRow
from shared.domain.task import (
    LIVE_TASKS,
    OPTIONS,
    AnalysisOptions,
    AnyTask,
    Options,
    Task,
    TaskState,
)

_READERS: dict[str, TypeAdapter[Options]] = {
    pipeline: TypeAdapter(kind) for pipeline, kind in OPTIONS.items()
}
_ANALYSIS: TypeAdapter[Options] = TypeAdapter(AnalysisOptions)


class Tasks:
    """What an owner asks by `owned`, `page` and `by_key` never shows a task being erased."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, row: TaskRow) -> bool:
        """Write a new task now; False where its owner used the idempotency key before."""
        return insert_once(self._session, row)

    def lock(self, task_id: str) -> TaskRow | None:
        """The task, for this transaction alone: whoever changes a task or its steps starts here.

        One order of locks, the first task of a loop before its phases and a task before its steps,
        is what keeps transactions from deadlock; and members of a group that end together must not
        each miss the other.
        """
        if not _storable(task_id):
            return None
        query = select(TaskRow).where(TaskRow.id == task_id).with_for_update()
        return self._session.scalar(query.execution_options(populate_existing=True))

    def lock_in_loop(self, task_id: str) -> tuple[TaskRow, TaskRow] | None:
        """The task and the first one of its loop, both locked; one and the same for a first one.

        Whoever adds a phase to a loop starts here: cancelling and erasing lock the first one before
        they look for phases, so one that is added meanwhile is either seen or refused.
        """
        known = self.get(task_id)
        root = self.lock(known.root_id or known.id) if known is not None else None
        task = self.lock(task_id) if root is not None else None
        return (task, root) if task is not None and root is not None else None

    def get(self, task_id: str) -> TaskRow | None:
        """The task, whoever owns it."""
        return self._session.get(TaskRow, task_id) if _storable(task_id) else None

    def owned(self, owner: str, task_id: str) -> TaskRow | None:
        """The task, if it is this owner's."""
        row = self.get(task_id)
        return row if row and row.owner == owner and row.erase_requested_at is None else None

    def by_key(self, owner: str, idempotency_key: str) -> TaskRow | None:
        """What this owner submitted under this key, also when it is being erased."""
        return self._session.scalar(
            select(TaskRow).where(
                TaskRow.owner == owner, TaskRow.idempotency_key == idempotency_key
            )
        )

    def page(
        self,
        owner: str,
        *,
        limit: int,
        states: Sequence[TaskState] = (),
        before: str | None = None,
    ) -> Sequence[TaskRow]:
        """The owner's tasks, newest first; `before` is the last id of the page before."""
        query = select(TaskRow).where(TaskRow.owner == owner, TaskRow.erase_requested_at.is_(None))
        if states:
            query = query.where(TaskRow.state.in_(states))
        if before is not None:
            query = query.where(TaskRow.id < before)
        return self._session.scalars(query.order_by(TaskRow.id.desc()).limit(limit)).all()

    def phases(self, root_id: str) -> Sequence[TaskRow]:
        """The tasks of the loop that began with this one, in order; without it."""
        query = select(TaskRow).where(TaskRow.root_id == root_id)
        return self._session.scalars(query.order_by(TaskRow.id)).all()

    def not_begun(self, created_before: datetime) -> Sequence[str]:
        """Live tasks without any step that were submitted before this time."""
        begun = select(StepRow.id).where(StepRow.task_id == TaskRow.id).exists()
        query = select(TaskRow.id).where(
            TaskRow.state.in_(LIVE_TASKS), ~begun, TaskRow.created_at <= created_before
        )
        return self._session.scalars(query.order_by(TaskRow.id)).all()

    def at_work(self, ended_after: datetime) -> Sequence[TaskRow]:
        """Whoever's tasks that have not ended, or ended after this time."""
        ended = TaskRow.ended_at > ended_after
        query = select(TaskRow).where(TaskRow.state.in_(LIVE_TASKS) | ended)
        return self._session.scalars(query).all()

    def known(self, task_ids: Collection[str]) -> set[str]:
        """Which of these tasks there are, whoever owns them."""
        query = select(TaskRow.id).where(TaskRow.id.in_(task_ids))
        return set(self._session.scalars(query))

    def live(self, task_ids: Collection[str]) -> set[str]:
        """Which of these tasks have not ended, whoever owns them."""
        query = select(TaskRow.id).where(TaskRow.id.in_(task_ids), TaskRow.state.in_(LIVE_TASKS))
        return set(self._session.scalars(query))

    def to_erase(self) -> Sequence[str]:
        """Tasks whose erasure was asked for and is not finished."""
        query = select(TaskRow.id).where(TaskRow.erase_requested_at.is_not(None))
        return self._session.scalars(query.order_by(TaskRow.erase_requested_at)).all()

    def delete(self, row: TaskRow) -> None:
        """Forget the task; its steps and artefacts go with it."""
        self._session.delete(row)


def _storable(text: str) -> bool:
    """PostgreSQL takes no NUL, not even to look for."""
    return "\0" not in text


def domain_task(row: TaskRow) -> AnyTask:
    """The task as steps know it; pipelines that the domain does not name take AnalysisOptions.

    Raises:
        pydantic.ValidationError: the options are not those of the row's pipeline.
    """
    reader = _READERS.get(row.pipeline, _ANALYSIS)
    return Task(row.id, row.source, reader.validate_python(row.options), row.parent_id)
