"""What a worker does with one message: claim, call the plain function, commit."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.db.tables import ArtefactRow, TaskRow
from shared.domain.step import StepRef
from shared.domain.task import LIVE_TASKS, AnyTask
from shared.domain.video import Chunk
from shared.errors import PermanentError, TrackloopError, TransientError
from shared.logging import about
from shared.metrics import STEP_SECONDS, STEPS, made_progress, no_step
from shared.pipeline.commit import (
    Work,
    commit_step,
    fail_for_good,
    give_back,
    put_off_or_fail,
    wait_for_labels,
)
from shared.pipeline.layout import Stage, Stages, coming_chunks, find_step, stages_of
from shared.pipeline.leases import Claim, Message, claim_step, last_beat
from shared.pipeline.patience import patiently
from shared.pipeline.pulse import Closing, InterruptingProgress, Pulse, StepInterruptedError
from shared.pipeline.step import (
    ChunkStep,
    Files,
    Finished,
    NotYetError,
    Output,
    Pipelines,
    Step,
)
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.pipeline.workplace import Workplace, discard, workplace

log = logging.getLogger(__name__)

T = TypeVar("T")


class StepWorker:
    """Runs steps for whoever brings messages. Safe to call from many threads."""

    def __init__(
        self, database: Database, pipelines: Pipelines, tools: Tools, times: Times,
        closing: Closing | None = None,
    ) -> None:  # fmt: skip
        """`closing`: shared with whoever tells the worker to end; None: `close` does."""
        self._database, self._pipelines = database, pipelines
        self._tools, self._times = tools, times
        self._closing: Closing = closing or threading.Event()

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
        claim = self._claim(ref, message)
        if claim is None:
            return False
        ids = {"task_id": ref.task_id, "step": ref.name, "correlation_id": claim.correlation_id}
        with about(**ids):
            try:
                return self._run_known(claim)
            finally:
                no_step()

    def _claim(self, ref: StepRef, message: Message) -> Claim | None:
        def claim() -> Claim | None:
            with self._database.begin() as unit:
                return claim_step(unit, ref, message, self._times, datetime.now(UTC))

        found = patiently(claim, self._times.lease)
        if found is not None or not message.redelivered:
            return found
        return self._take_over(ref, message, claim)

    def _take_over(
        self, ref: StepRef, message: Message, claim: Callable[[], Claim | None]
    ) -> Claim | None:
        """Wait until whoever had the message shows that he lives, or falls silent."""

        def beat() -> datetime | None:
            with self._database.read() as unit:
                return last_beat(unit, ref, message)

        first = patiently(beat, self._times.lease)
        found: Claim | None = None
        while first is not None and found is None and not self._closing.is_set():
            time.sleep(self._times.heartbeat / 4)
            if patiently(beat, self._times.lease) != first:
                return None
            found = patiently(claim, self._times.lease)
        return found

    def _run_known(self, claim: Claim) -> bool:
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
        made_progress()
        try:
            with pulse:
                work = self._work(claim, pulse, stages, stage, step)
        except StepInterruptedError:
            self._interrupted(claim, pulse, step)
        except NotYetError as wait:
            self._wait(claim, wait)
        except TransientError as error:
            self._put_off(claim, error, step)
        except Exception as error:  # noqa: BLE001  (the edge: a step's fault is the task's, not ours)
            self._fail(claim, _as_permanent(error))
        else:
            done = self._commit(claim, work, stages, stage)
            took = time.perf_counter() - started
            log.info(
                "%s: %s %d took %.2f s%s", claim.ref.task_id, claim.ref.name, claim.ref.part,
                took, "" if done else ", in vain",
            )  # fmt: skip
            _count(claim, "done" if done else "in vain", took if done else None)
            return done
        return False

    def _work(
        self, claim: Claim, pulse: Pulse, stages: Stages, stage: Stage, step: Step | ChunkStep
    ) -> Work:
        progress = InterruptingProgress(self._tools.progress, pulse)
        task = claim.task
        with workplace(self._tools, claim) as place:
            tools = replace(self._tools, progress=progress, paths=place.paths)
            ready = partial(self._ready, claim, pulse, place, step, tools)
            run, files = self._attempts(ready, pulse, claim)
            output = self._attempts(run, pulse, claim)
            left = self._attempts(lambda: place.keep(files(), pulse.check_claim), pulse, claim)
            chunks = coming_chunks(stages, stage.position, tools, task)
            event = None
            if isinstance(step, Step) and step.announces is not None:
                finished = Finished(claim.owner, tuple(entry for entry, _ in left))
                event = step.announces(tools, task, finished)
            keeps = step.keeps if isinstance(step, Step) else None
            return Work(output, left, event, chunks, keeps(tools, task) if keeps else None)

    def _ready(
        self, claim: Claim, pulse: Pulse, place: Workplace, step: Step | ChunkStep, tools: Tools
    ) -> tuple[Callable[[], Output], Callable[[], Files]]:
        """Bring what the step needs; then there is something to call."""
        place.bring(step, lambda: self._artefacts(claim.task), pulse.check)
        run, files = _calls(step, tools, claim.task, claim.ref.part)
        place.bring_shared(files, pulse.check)
        return run, files

    def _artefacts(self, task: AnyTask) -> Sequence[ArtefactRow]:
        """The task's own, and of those that it goes on with what it has none of by that name."""
        found: dict[str, ArtefactRow] = {}
        with self._database.read() as unit:
            ancestor: str | None = task.id
            while ancestor is not None:
                found = {row.name: row for row in unit.artefacts.of(ancestor)} | found
                row = unit.tasks.get(ancestor)
                ancestor = row.parent_id if row is not None else None
        return list(found.values())

    def _commit(self, claim: Claim, work: Work, stages: Stages, stage: Stage) -> bool:
        def commit() -> tuple[bool, TaskRow | None]:
            with self._database.begin() as unit:
                done = commit_step(unit, claim, work, stages, stage, datetime.now(UTC))
                return done, unit.tasks.get(claim.ref.task_id)

        done, task = patiently(commit, self._times.lease)
        if not done:
            discard(self._tools.storage, claim)
            self._release(claim)
        elif task is not None and task.state not in LIVE_TASKS:
            self._tools.progress.forget(task.id)
        return done

    def _attempts(self, run: Callable[[], T], pulse: Pulse, claim: Claim) -> T:
        """Short troubles are sat out inside the lease."""
        for pause in self._times.short_pauses:
            try:
                return run()
            except TransientError as error:
                log.warning("%s %s: %s; again", claim.ref.task_id, claim.ref.name, error)
                pulse.pause(pause)
        return run()

    def _interrupted(self, claim: Claim, pulse: Pulse, step: Step | ChunkStep) -> None:
        _count(claim, "interrupted")
        if pulse.out_of_time:
            message = f"{step.name} took longer than {step.timeout_seconds:g} s."
            self._put_off(claim, TransientError("step_timeout", message), step)
        elif self._closing.is_set():
            with self._database.begin() as unit:
                give_back(unit, claim, datetime.now(UTC))
        self._release(claim)

    def _put_off(self, claim: Claim, error: TransientError, step: Step | ChunkStep) -> None:
        log.warning("%s %s: put off: %s", claim.ref.task_id, claim.ref.name, error)
        _count(claim, "put off")

        def put_off() -> None:
            with self._database.begin() as unit:
                now = datetime.now(UTC)
                put_off_or_fail(unit, claim, error, step.retries, self._times, now)

        patiently(put_off, self._times.lease)
        self._release(claim)

    def _wait(self, claim: Claim, wait: NotYetError) -> None:
        _count(claim, "waits")

        def leave() -> None:
            with self._database.begin() as unit:
                wait_for_labels(unit, claim, wait, datetime.now(UTC))

        patiently(leave, self._times.lease)
        self._release(claim)

    def _fail(self, claim: Claim, error: TrackloopError) -> None:
        log.warning("%s %s: failed: %s", claim.ref.task_id, claim.ref.name, error)
        _count(claim, "failed")

        def fail() -> None:
            with self._database.begin() as unit:
                fail_for_good(unit, claim, error, datetime.now(UTC))

        patiently(fail, self._times.lease)
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


def _count(claim: Claim, outcome: str, seconds: float | None = None) -> None:
    STEPS.labels(claim.ref.name, outcome).inc()
    if seconds is not None:
        STEP_SECONDS.labels(claim.ref.name).observe(seconds)


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
