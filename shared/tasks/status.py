"""What an owner may know of a task."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.db.tables import StepRow, TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.step import UNFINISHED_STEPS, StepState
from shared.domain.task import TaskState
from shared.tasks.cancel import no_such_task


@dataclass(frozen=True, slots=True)
class Fault:
    """Why something failed."""

    code: str
    message: str
    step: str | None


@dataclass(frozen=True, slots=True)
class StepStatus:
    """One step, or one chunk of it; `attempt` counts how often it was started."""

    name: str
    part: int
    state: StepState
    attempt: int
    started_at: datetime | None
    ended_at: datetime | None
    resume_at: datetime | None
    output: dict[str, Any] | None
    error: Fault | None


@dataclass(frozen=True, slots=True)
class PhaseStatus:
    """A task that goes on with what this one left."""

    task_id: str
    pipeline: str
    state: TaskState
    ended_at: datetime | None
    error: Fault | None


@dataclass(frozen=True, slots=True)
class TaskStatus:
    """A task at one moment.

    Attributes:
        source: as it was submitted, with what secrets it holds.
        current_step: the first that has not ended; None before the first and after the last.
        percent: 0 to 100: the stages done, and of those that run what is done of them.
        attempt: the most starts of any step.
        loop: what follows it, in order; each has an end of its own.
    """

    task_id: str
    pipeline: str
    source: str
    options: dict[str, Any]
    state: TaskState
    current_step: str | None
    percent: float
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: Fault | None
    steps: Sequence[StepStatus]
    loop: Sequence[PhaseStatus] = ()


def task_status(
    unit: Unit, owner: str, task_id: str, doing: Mapping[str, float] | None = None
) -> TaskStatus:
    """Read one task and its steps.

    Args:
        doing: what is done of a step that runs, by its name, 0 to 1; the database knows of whole
            steps only.

    Raises:
        NotFoundError: `no_such_task`, also when it is somebody else's or being erased.
    """
    row = unit.tasks.owned(owner, task_id)
    if row is None:
        raise no_such_task(task_id)
    steps = unit.steps.of(task_id)
    return TaskStatus(
        task_id=row.id,
        pipeline=row.pipeline,
        source=row.source,
        options=row.options,
        state=TaskState(row.state),
        current_step=next((s.name for s in steps if s.state in UNFINISHED_STEPS), None),
        percent=_percent(row, steps, doing or {}),
        attempt=max((step.attempt for step in steps), default=0),
        created_at=row.created_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        error=fault_of(row),
        steps=[_step(step) for step in steps],
        loop=[_phase(phase) for phase in unit.tasks.phases(task_id)],
    )


def fault_of(row: TaskRow) -> Fault | None:
    """Why the task failed; None where it did not."""
    return _fault(row.error_code, row.error_message, row.error_step)


def _percent(row: TaskRow, steps: Sequence[StepRow], doing: Mapping[str, float]) -> float:
    """Each stage counts the same, planned or not: more chunks do not take back what was said."""
    if row.state == TaskState.SUCCEEDED:
        return 100.0
    stages: dict[int, list[StepRow]] = defaultdict(list)
    for step in steps:
        stages[step.position].append(step)
    last = max(stages, default=-1)
    reached = min((s.position for s in steps if s.state in UNFINISHED_STEPS), default=last + 1)
    shares = [
        _share(stages[position], doing) if position in stages else float(position < reached)
        for position in range(last + 1)
    ]
    return round(100 * sum(shares) / len(shares), 1) if shares else 0.0


def _share(stage: Sequence[StepRow], doing: Mapping[str, float]) -> float:
    done = sum(step.state == StepState.DONE for step in stage) / len(stage)
    within = max((doing.get(step.name, 0.0) for step in stage), default=0.0) / len(
        {step.name for step in stage}
    )
    return min(max(done, within), 1.0)


def _phase(row: TaskRow) -> PhaseStatus:
    return PhaseStatus(row.id, row.pipeline, TaskState(row.state), row.ended_at, fault_of(row))


def _step(row: StepRow) -> StepStatus:
    return StepStatus(
        name=row.name,
        part=row.part,
        state=StepState(row.state),
        attempt=row.attempt,
        started_at=row.started_at,
        ended_at=row.ended_at,
        resume_at=row.resume_at,
        output=row.output,
        error=_fault(row.error_code, row.error_message, row.name),
    )


def _fault(code: str | None, message: str | None, step: str | None) -> Fault | None:
    return Fault(code, message or "", step) if code else None
