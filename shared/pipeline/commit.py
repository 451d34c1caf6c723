"""How a claimed step ends: done, put off, or failed. Each is one transaction, or nothing at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.db.tables import ArtefactRow, StepRow, TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.step import StepState
from shared.domain.task import TaskState
from shared.domain.track import TrackSummary
from shared.errors import TrackloopError
from shared.events.envelope import EventData
from shared.events.task import StepCompleted
from shared.pipeline.advance import Chunks, advance
from shared.pipeline.layout import Stage, Stages
from shared.pipeline.leases import ROOM, Claim, held
from shared.pipeline.step import ChunkStep, NotYetError, Output
from shared.pipeline.times import Times
from shared.storage.files import Artefact
from shared.tasks.ending import announce, fail_step, fail_task, seconds_between


@dataclass(frozen=True, slots=True)
class Work:
    """What one run of a step left.

    Attributes:
        artefacts: published files, with their place under the storage root.
        event: to be sent with the commit.
        chunks: pieces of the chunk stage that follows.
        tracks: to take the place of the task's; None leaves them.
    """

    output: Output
    artefacts: tuple[tuple[Artefact, str], ...]
    event: EventData | None
    chunks: Chunks
    tracks: Sequence[TrackSummary] | None = None


def commit_step(
    unit: Unit, claim: Claim, work: Work, stages: Stages, stage: Stage, now: datetime
) -> bool:
    """Mark the step done, keep what it left, open what waited for it; False: nothing happened."""
    rows = held(unit, claim, now)
    if rows is None:
        return False
    task, step = rows
    task.state = TaskState.RUNNING  # also where it waited for labels
    step.state, step.lease_until = StepState.DONE, None
    step.active_at = step.ended_at = now
    step.output = dict(work.output) if work.output is not None else None
    step.error_code = step.error_message = None
    for artefact, key in work.artefacts:
        unit.artefacts.replace(_artefact_row(claim, artefact, key))
    if work.tracks is not None:
        unit.tracks.replace(task.id, work.tracks)
    if work.event is not None:
        announce(unit, task, work.event, room=ROOM)
    _announce_step(unit, task, step, stage, now)
    advance(unit, task, stages, done=stage.position, chunks=work.chunks, now=now)
    return True


def put_off_or_fail(
    unit: Unit, claim: Claim, error: TrackloopError, retries: int, times: Times, now: datetime
) -> None:
    """A transient error outlasted the lease's own attempts: later again, `retries` times."""
    rows = held(unit, claim, now)
    if rows is None:
        return
    task, step = rows
    step.failures += 1
    if step.failures > retries:
        _fail(unit, task, step, error, now)
        return
    step.state, step.lease_until, step.active_at = StepState.READY, None, now
    step.resume_at = now + times.resume_after(step.failures)
    step.error_code, step.error_message = error.code, error.message


def wait_for_labels(unit: Unit, claim: Claim, wait: NotYetError, now: datetime) -> None:
    """The step found that people are not done; somebody looks again later."""
    rows = held(unit, claim, now)
    if rows is not None:
        task, step = rows
        task.state = TaskState.WAITING_FOR_LABELS
        step.state, step.lease_until, step.active_at = StepState.READY, None, now
        step.resume_at = now + timedelta(seconds=wait.seconds)
        step.output = dict(wait.output) if wait.output is not None else None
        step.attempt -= 1  # looking is no attempt that failed


def give_back(unit: Unit, claim: Claim, now: datetime) -> None:
    """The worker closes: whoever looks next rings the step for another one."""
    rows = held(unit, claim, now)
    if rows is not None:
        _, step = rows
        step.state, step.lease_until, step.active_at = StepState.READY, None, now
        step.resume_at = now


def fail_for_good(unit: Unit, claim: Claim, error: TrackloopError, now: datetime) -> None:
    """Trying again cannot help: the task ends with this error."""
    rows = held(unit, claim, now)
    if rows is not None:
        _fail(unit, *rows, error, now)


def _fail(unit: Unit, task: TaskRow, step: StepRow, error: TrackloopError, now: datetime) -> None:
    fail_step(step, code=error.code, message=error.message, now=now)
    fail_task(
        unit, task, step=step.name, code=error.code, message=error.message, room=ROOM, now=now
    )


def _announce_step(unit: Unit, task: TaskRow, step: StepRow, stage: Stage, now: datetime) -> None:
    """Say that the step is done; one that runs once a chunk, with its last chunk."""
    started = step.started_at
    if isinstance(stage.entry, ChunkStep):
        if unit.steps.unfinished(task.id, stage.position):
            return
        rows = unit.steps.at(task.id, stage.position)
        started = min((row.started_at for row in rows if row.started_at), default=None)
    seconds = seconds_between(started, now)
    data = StepCompleted(user_id=task.owner, step=step.name, seconds=seconds)
    announce(unit, task, data, room=ROOM)


def _artefact_row(claim: Claim, artefact: Artefact, key: str) -> ArtefactRow:
    return ArtefactRow(
        task_id=claim.ref.task_id, step=claim.ref.name, name=artefact.name, key=key,
        sha256=artefact.sha256, size=artefact.size, fence=claim.fence,
    )  # fmt: skip
