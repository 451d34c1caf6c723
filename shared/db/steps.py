"""Steps of tasks."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from shared.db.tables import StepRow, TaskRow
from shared.domain.step import UNFINISHED_STEPS, Doorbell, StepRef, StepState
from shared.domain.task import LIVE_TASKS


@dataclass(frozen=True, slots=True)
class QueueActivity:
    """What a queue's claims tell: when it was last served, and the latest ring among its claims."""

    active_at: datetime | None
    claimed_rung_at: datetime | None


class Steps:
    """Rows of a task that another transaction may change are read after `Tasks.lock`."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add_all(self, rows: Iterable[StepRow]) -> None:
        """Write new steps."""
        self._session.add_all(rows)
        self._session.flush()

    def of(self, task_id: str) -> Sequence[StepRow]:
        """A task's steps in order."""
        query = select(StepRow).where(StepRow.task_id == task_id)
        return self._session.scalars(query.order_by(StepRow.position, StepRow.id)).all()

    def find(self, ref: StepRef) -> StepRow | None:
        """The step that a message names."""
        return self._session.scalar(
            select(StepRow)
            .where(
                StepRow.task_id == ref.task_id,
                StepRow.name == ref.name,
                StepRow.part == ref.part,
            )
            .execution_options(populate_existing=True)
        )

    def get(self, step_id: int) -> StepRow | None:
        """The step with this id."""
        return self._session.get(StepRow, step_id, populate_existing=True)

    def at(self, task_id: str, position: int) -> Sequence[StepRow]:
        """The steps of one stage."""
        query = select(StepRow).where(StepRow.task_id == task_id, StepRow.position == position)
        return self._session.scalars(query.order_by(StepRow.id)).all()

    def unfinished(self, task_id: str, position: int | None = None) -> int:
        """How many steps (of one stage) have not ended."""
        query = select(func.count()).where(
            StepRow.task_id == task_id, StepRow.state.in_(UNFINISHED_STEPS)
        )
        if position is not None:
            query = query.where(StepRow.position == position)
        self._session.flush()
        return self._session.scalar(query) or 0

    def beat(self, step_id: int, fence: int, *, now: datetime, until: datetime) -> bool:
        """Prolong a lease that still lives; False where it is lost."""
        done = self._session.execute(
            update(StepRow)
            .where(
                StepRow.id == step_id,
                StepRow.fence == fence,
                StepRow.state == StepState.RUNNING,
                StepRow.lease_until > now,
            )
            .values(lease_until=until, active_at=now)
            .returning(StepRow.id)
        )
        return done.first() is not None

    def holds(self, step_id: int, fence: int) -> bool:
        """Whether the claim with this fence is still the one that counts."""
        query = select(StepRow.id).where(
            StepRow.id == step_id, StepRow.fence == fence, StepRow.state == StepState.RUNNING
        )
        return self._session.scalar(query) is not None

    def release(self, step_id: int, fence: int) -> None:
        """Say that the function of a lost claim has ended: nothing writes its files any more."""
        self._session.execute(
            update(StepRow)
            .where(StepRow.id == step_id, StepRow.fence == fence)
            .where(StepRow.state != StepState.RUNNING)
            .values(lease_until=None)
        )

    def rung(self, bell: Doorbell, now: datetime) -> None:
        """The doorbell left only now: what was sent before it may be claimed before it."""
        parts: dict[str, list[int]] = defaultdict(list)
        for first, *_ in bell.chains:
            parts[first.name].append(first.part)
        for name, numbers in parts.items():
            self._session.execute(
                update(StepRow)
                .where(StepRow.task_id == bell.task_id, StepRow.name == name)
                .where(StepRow.part.in_(numbers), StepRow.state == StepState.READY)
                .values(rung_at=now)
            )

    def leased(self, task_id: str, now: datetime) -> bool:
        """Whether some function of the task may still be running."""
        query = select(StepRow.id).where(StepRow.task_id == task_id, StepRow.lease_until > now)
        return self._session.scalar(query.limit(1)) is not None

    def unserved(self, now: datetime) -> Sequence[StepRow]:
        """Steps of live tasks that are ready, or whose lease ran out; the reconciler looks at
        these.
        """
        expired = (StepRow.state == StepState.RUNNING) & (StepRow.lease_until <= now)
        query = (
            select(StepRow)
            .join(TaskRow, TaskRow.id == StepRow.task_id)
            .where((StepRow.state == StepState.READY) | expired, TaskRow.state.in_(LIVE_TASKS))
        )
        return self._session.scalars(query.order_by(StepRow.rung_at, StepRow.id)).all()

    def running(self) -> Sequence[StepRow]:
        """Every step that somebody claimed and has not ended."""
        return self._session.scalars(
            select(StepRow).where(StepRow.state == StepState.RUNNING)
        ).all()

    def activity(self, queue: str) -> QueueActivity:
        """When the queue was last served."""
        active, rung = self._session.execute(
            select(func.max(StepRow.active_at), func.max(StepRow.claimed_rung_at)).where(
                StepRow.queue == queue
            )
        ).one()
        return QueueActivity(active, rung)
