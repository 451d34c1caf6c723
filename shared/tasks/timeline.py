"""What happened to a task, in order: its events, and when its steps began and ended."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.db.outbox import EVENT
from shared.db.tables import OutboxRow, StepRow
from shared.db.unit_of_work import Unit
from shared.events.task import StepCompleted
from shared.tasks.cancel import no_such_task


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry.

    Attributes:
        kind: `event`, `step_started` or `step_ended`.
        name: the event's type, or the step.
        part: number of the chunk; None for events.
        detail: how a step ended, with its error; None where there is nothing to say.
    """

    time: datetime
    kind: str
    name: str
    part: int | None
    detail: str | None


def task_timeline(unit: Unit, owner: str, task_id: str) -> Sequence[Moment]:
    """Everything that is kept about a task; events are kept for 30 days.

    Raises:
        NotFoundError: `no_such_task`.
    """
    if unit.tasks.owned(owner, task_id) is None:
        raise no_such_task(task_id)
    events = [_event(row) for row in unit.outbox.about(task_id) if _tells_more(row)]
    steps = [moment for row in unit.steps.of(task_id) for moment in _step(row)]
    return sorted(events + steps, key=lambda moment: moment.time)


def _tells_more(row: OutboxRow) -> bool:
    """Than the rows of the steps do, whose ends are entries of their own."""
    return row.kind == EVENT and row.topic != StepCompleted.TYPE


def _event(row: OutboxRow) -> Moment:
    return Moment(row.created_at, "event", row.topic, None, None)


def _step(row: StepRow) -> Iterator[Moment]:
    if row.started_at is not None:
        yield Moment(row.started_at, "step_started", row.name, row.part, None)
    if row.ended_at is not None:
        fault = f": {row.error_code}: {row.error_message}" if row.error_code else ""
        yield Moment(row.ended_at, "step_ended", row.name, row.part, f"{row.state}{fault}")
