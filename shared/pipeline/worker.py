"""What a worker does with one message: claim, call the plain function, commit."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.domain.step import StepRef
from shared.domain.task import LIVE_TASKS, AnyTask
from shared.domain.video import Chunk
from shared.errors import PermanentError, TrackloopError, TransientError
from shared.pipeline.commit import Work, commit_step, fail_for_good, give_back, put_off_or_fail
from shared.pipeline.layout import Stage, Stages, coming_chunks, find_step, stages_of
from shared.pipeline.leases import Claim, Message, claim_step
from shared.pipeline.pulse import InterruptingProgress, Pulse, StepInterruptedError
from shared.pipeline.step import ChunkStep, Files, Finished, Output, Pipelines, Step
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.storage.files import artefact

log = logging.getLogger(__name__)


class StepWorker:
    """Runs steps for whoever brings messages. Safe to call from many threads."""

    def __init__(
        self, database: Database, pipelines: Pipelines, tools: Tools, times: Times
    ) -> None:
        self._database, self._pipelines = database, pipelines
        self._tools, self._times = tools, times
        self._closing = threading.Event()

    def close(self) -> None:
        """Give every running step back at its next report of progress; claim no more."""
        self._closing.set()

    def run(self, ref: StepRef, message: Message) -> bool:
        """Whether this message led to a commit; only then may a chain go on."""
        if self._closing.is_set():
            return False
        committed = self._run(ref, message)
        if not committed:
            self._forget_if_ended(ref.task_id)
        return committed

    def _run(self, ref: StepRef, message: Message) -> bool:
        with self._database.begin() as unit:
            claim = claim_step(unit, ref, message, self._times, datetime.now(UTC))
        if claim is None:
            return False
        try:
            stages = stages_of(self._pipelines[claim.pipeline], claim.task)
            stage, step = _declared(stages, claim)
        except (KeyError, PermanentError) as error:
            self._fail(claim, _as_permanent(error))
            return False
        return self._run_claimed(claim, stages, stage, step)

    def _run_claimed(
        self, claim: Claim, stages: Stages, stage: Stage, step: Step | ChunkStep
    ) -> bool:
        pulse = Pulse(self._database, claim, self._times, step.timeout_seconds, self._closing)
        started = time.perf_counter()
        try:
            with pulse:
                work = self._work(claim, pulse, stages, stage, step)
        except StepInterruptedError:
            self._interrupted(claim, pulse, step)
        except TransientError as error:
            self._put_off(claim, error, step)
        except Exception as error:  # noqa: BLE001  (the edge: a step's fault is the task's, not ours)
            self._fail(claim, _as_permanent(error))
        else:
            done = self._commit(claim, work, stages, stage)
            log.info(
                "%s: %s %d took %.2f s%s", claim.ref.task_id, claim.ref.name, claim.ref.part,
                time.perf_counter() - started, "" if done else ", in vain",
            )  # fmt: skip
            return done
        return False

    def _work(
        self, claim: Claim, pulse: Pulse, stages: Stages, stage: Stage, step: Step | ChunkStep
    ) -> Work:
        progress = InterruptingProgress(self._tools.progress, pulse)
        tools, task = replace(self._tools, progress=progress), claim.task
        run, files = _calls(step, tools, task, claim.ref.part)
        output = self._attempts(run, pulse, claim)
        root = tools.paths.root
        left = tuple(
            (
                artefact(path, name, lambda _: pulse.check_claim()),
                path.relative_to(root).as_posix(),
            )
            for name, path in files().items()
        )
        chunks = coming_chunks(stages, stage.position, tools, task)
        event = None
        if isinstance(step, Step) and step.announces is not None:
            finished = Finished(claim.owner, tuple(entry for entry, _ in left))
            event = step.announces(tools, task, finished)
        return Work(output, left, event, chunks)

    def _commit(self, claim: Claim, work: Work, stages: Stages, stage: Stage) -> bool:
        with self._database.begin() as unit:
            done = commit_step(unit, claim, work, stages, stage, datetime.now(UTC))
            task = unit.tasks.get(claim.ref.task_id)
        if not done:
            self._release(claim)
        elif task is not None and task.state not in LIVE_TASKS:
            self._tools.progress.forget(task.id)
        return done

    def _attempts(self, run: Callable[[], Output], pulse: Pulse, claim: Claim) -> Output:
        """Short troubles are sat out inside the lease."""
        for pause in self._times.short_pauses:
            try:
                return run()
            except TransientError as error:
                log.warning("%s %s: %s; again", claim.ref.task_id, claim.ref.name, error)
                pulse.pause(pause)
        return run()

    def _interrupted(self, claim: Claim, pulse: Pulse, step: Step | ChunkStep) -> None:
        if pulse.out_of_time:
            message = f"{step.name} took longer than {step.timeout_seconds:g} s."
            self._put_off(claim, TransientError("step_timeout", message), step)
        elif self._closing.is_set():
            with self._database.begin() as unit:
                give_back(unit, claim, datetime.now(UTC))
        self._release(claim)

    def _put_off(self, claim: Claim, error: TransientError, step: Step | ChunkStep) -> None:
        with self._database.begin() as unit:
            now = datetime.now(UTC)
            put_off_or_fail(unit, claim, error, step.retries, self._times, now)
        self._release(claim)

    def _fail(self, claim: Claim, error: TrackloopError) -> None:
        with self._database.begin() as unit:
            fail_for_good(unit, claim, error, datetime.now(UTC))
        self._release(claim)

    def _release(self, claim: Claim) -> None:
        with self._database.begin() as unit:
            unit.steps.release(claim.step_id, claim.fence)

    def _forget_if_ended(self, task_id: str) -> None:
        """A step that was interrupted by the task's end may have reported after it."""
        try:
            with self._database.read() as unit:
                task = unit.tasks.get(task_id)
        except SQLAlchemyError as error:
            log.warning("%s: its progress is kept: %s", task_id, error)
            return
        if task is None or task.state not in LIVE_TASKS:
            self._tools.progress.forget(task_id)


def _declared(stages: Stages, claim: Claim) -> tuple[Stage, Step | ChunkStep]:
    found = find_step(stages, claim.ref.name)
    if found is None:
        raise PermanentError(
            "unknown_step", f"This version has no step {claim.ref.name}; submit the task again."
        )
    return found


def _calls(
    step: Step | ChunkStep, tools: Tools, task: AnyTask, part: int
) -> tuple[Callable[[], Output], Callable[[], Files]]:
    """The function, and the question what it left."""
    if isinstance(step, Step):
        return (lambda: step.run(tools, task)), (lambda: step.leaves(tools, task))
    chunk: Chunk = next(chunk for chunk in step.chunks(tools, task) if chunk.number == part)
    return (lambda: step.run(tools, task, chunk)), (lambda: step.leaves(tools, task, chunk))


def _as_permanent(error: Exception) -> TrackloopError:
    if isinstance(error, TrackloopError):
        return error
    log.error("a step broke", exc_info=error)
    return PermanentError(
        "internal_error", f"The step broke ({type(error).__name__}); the log has the details."
    )
