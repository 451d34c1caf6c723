"""Who may run a step, and whether he still may: claims, fences, leases."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from shared.db.tables import StepRow, TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.step import StepRef, StepState
from shared.domain.task import LIVE_TASKS, AnyTask, TaskState
from shared.pipeline.times import Times
from shared.tasks.ending import fail_step, fail_task

ROOM = "workers"


@dataclass(frozen=True, slots=True)
class Message:
    """What the broker says of a message.

    Attributes:
        rung_at: when it was sent; None from a sender that does not say.
        redelivered: the broker handed it out before and never heard back.
    """

    id: str
    rung_at: datetime | None
    redelivered: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one step and to commit it, as long as the fence and the lease hold."""

    ref: StepRef
    step_id: int
    fence: int
    failures: int
    task: AnyTask
    owner: str
    pipeline: str
    correlation_id: str


def claim_step(
    unit: Unit, ref: StepRef, message: Message, times: Times, now: datetime
) -> Claim | None:
    """Take the step that a message names; None for every message that is one too many."""
    task = unit.tasks.lock(ref.task_id)
    if task is None or task.generation != ref.generation or task.state not in LIVE_TASKS:
        return None
    step = unit.steps.find(ref)
    if step is None or not _free(step, message, times, now):
        return None
    known = _readable(task)
    if known is None or step.attempt >= times.most_claims:
        _give_up(unit, task, step, unreadable=known is None, now=now)
        return None
    _take(task, step, message, times, now)
    return Claim(
        ref, step.id, step.fence, step.failures, known, task.owner, task.pipeline,
        task.correlation_id,
    )  # fmt: skip


def held(unit: Unit, claim: Claim, now: datetime) -> tuple[TaskRow, StepRow] | None:
    """The rows of a claim that still counts, locked; None where it was lost."""
    task = unit.tasks.lock(claim.ref.task_id)
    step = unit.steps.get(claim.step_id)
    if task is None or step is None or task.generation != claim.ref.generation:
        return None
    alive = step.lease_until is not None and step.lease_until > now
    mine = step.state == StepState.RUNNING and step.fence == claim.fence
    return (task, step) if alive and mine and task.state in LIVE_TASKS else None


def take_lease_away(step: StepRow) -> None:
    """Whoever held it can neither prolong it nor commit."""
    step.state, step.lease_until = StepState.READY, None
    step.fence += 1


def last_beat(unit: Unit, ref: StepRef, message: Message) -> datetime | None:
    """When whoever had this message before showed a sign of life; None where nobody has it."""
    step = unit.steps.find(ref)
    if step is None or step.state != StepState.RUNNING or step.claimed_message != message.id:
        return None
    return step.active_at


def _free(step: StepRow, message: Message, times: Times, now: datetime) -> bool:
    if step.state == StepState.READY:
        return step.resume_at is None or step.resume_at <= now
    if step.state != StepState.RUNNING:
        return False
    leased = step.lease_until is not None and step.lease_until > now
    # Redelivered means that the broker lost the one who had it; a copy has the same id only. But
    # he may live on: only his connection broke.
    same = message.redelivered and message.id == step.claimed_message
    silent = step.active_at is None or now - step.active_at >= times.sign_of_life
    return not leased or (same and silent)


def _take(task: TaskRow, step: StepRow, message: Message, times: Times, now: datetime) -> None:
    if task.state == TaskState.QUEUED:
        task.state, task.started_at = TaskState.RUNNING, now
    step.state, step.resume_at = StepState.RUNNING, None
    step.fence += 1
    step.attempt += 1
    step.lease_until = now + timedelta(seconds=times.lease)
    step.claimed_message, step.claimed_rung_at = message.id, message.rung_at
    step.active_at, step.started_at = now, step.started_at or now


def _readable(task: TaskRow) -> AnyTask | None:
    try:
        return domain_task(task)
    except ValidationError:
        return None


def _give_up(unit: Unit, task: TaskRow, step: StepRow, *, unreadable: bool, now: datetime) -> None:
    code, message = (
        ("invalid_options", "The task's options are not those of this version; submit it again.")
        if unreadable
        else ("worker_lost", f"{step.name} was started {step.attempt} times and never ended.")
    )
    fail_step(step, code=code, message=message, now=now)
    fail_task(unit, task, step=step.name, code=code, message=message, room=ROOM, now=now)
