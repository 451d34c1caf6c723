"""How a task ends: once, with its event, whoever ends it. The caller holds the task's lock."""

from datetime import datetime

from shared.db.tables import StepRow, TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.step import UNFINISHED_STEPS, StepState
from shared.domain.task import TaskState
from shared.events.envelope import EventData, compose
from shared.events.task import TaskFailed, TaskSucceeded


def succeed_task(unit: Unit, task: TaskRow, *, room: str, now: datetime) -> None:
    """Every step is done."""
    task.state, task.ended_at = TaskState.SUCCEEDED, now
    seconds = seconds_between(task.started_at, now)
    announce(unit, task, TaskSucceeded(user_id=task.owner, seconds=seconds), room=room)


def fail_task(
    unit: Unit, task: TaskRow, *, step: str, code: str, message: str, room: str, now: datetime
) -> None:
    """Keep the first error of the task and say so; steps that wait will never be claimed."""
    task.state, task.ended_at = TaskState.FAILED, now
    task.error_step, task.error_code, task.error_message = step, code, message
    stop_steps(unit, task, now)
    data = TaskFailed(user_id=task.owner, step=step, code=code, message=message)
    announce(unit, task, data, room=room)


def fail_step(row: StepRow, *, code: str, message: str, now: datetime) -> None:
    """The step cannot succeed; nobody writes its files any more."""
    row.state, row.lease_until, row.ended_at, row.active_at = StepState.FAILED, None, now, now
    row.error_code, row.error_message = code, message


def stop_steps(unit: Unit, task: TaskRow, now: datetime) -> str | None:
    """End every unfinished step; the name of the first, None where there is none.

    Leases of running steps stay: until they run out or are given back, a function may be writing.
    """
    stopped = [row for row in unit.steps.of(task.id) if row.state in UNFINISHED_STEPS]
    for row in stopped:
        row.state, row.ended_at, row.resume_at = StepState.CANCELLED, now, None
    return stopped[0].name if stopped else None


def seconds_between(start: datetime | None, end: datetime) -> float:
    """How long it took, to the millisecond; 0 where it never began, or a clock went back."""
    return round(max((end - (start or end)).total_seconds(), 0.0), 3)


def announce(unit: Unit, task: TaskRow, data: EventData, *, room: str) -> None:
    """Leave an event about the task in the outbox."""
    unit.outbox.add_event(
        compose(data, room=room, task_id=task.id, correlation_id=task.correlation_id)
    )
