"""The heartbeat of a claim: prolongs the lease and tells the running step when it has lost it."""

import logging
import threading
import time
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.db.watch import Watch
from shared.metrics import made_progress
from shared.pipeline.leases import Claim
from shared.pipeline.times import Times
from shared.progress.port import Found, Progress

log = logging.getLogger(__name__)


class Closing(Protocol):
    """Whether the worker is to end; a worker of several processes shares one."""

    def is_set(self) -> bool:
        """True once it was set."""

    def set(self) -> None:
        """Running steps are to be given back."""


class StepInterruptedError(Exception):
    """The running step is to end: cancelled, taken over, out of time, or its process closes."""


class Pulse:
    """Beats while its block lasts, but no longer than the step may take.

    A thread cannot be stopped from outside: past its time the lease is left to run out, so that
    another worker takes the step, and the fence keeps this one's commit out.
    """

    def __init__(
        self,
        database: Database,
        claim: Claim,
        times: Times,
        timeout_seconds: float,
        closing: Closing,
    ) -> None:
        """`closing`: set when the process wants to end, and the step to be given back."""
        self._database, self._claim, self._times = database, claim, times
        self._timeout, self._closing = timeout_seconds, closing
        self._over, self._lost = threading.Event(), threading.Event()
        self.out_of_time = False
        self._thread = threading.Thread(target=self._beat, name="pulse", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._over.set()
        self._thread.join()

    def check(self) -> None:
        """Raise where going on is of no use.

        Raises:
            StepInterruptedError: the claim is lost, the time is up, or the process ends.
        """
        self.check_claim()
        if self._closing.is_set():
            raise StepInterruptedError

    def check_claim(self) -> None:
        """Raise where nobody would take the work; what is done already is worth a commit.

        Raises:
            StepInterruptedError: the claim is lost, or the time is up.
        """
        made_progress()
        if self._lost.is_set():
            raise StepInterruptedError

    def pause(self, seconds: float) -> None:
        """Wait, but not for longer than the claim counts.

        Raises:
            StepInterruptedError: the claim is lost, or the time is up.
        """
        self._lost.wait(seconds)
        self.check()

    def _beat(self) -> None:
        with self._database.watch() as watch:
            self._beat_while_alive(watch)

    def _beat_while_alive(self, watch: Watch) -> None:
        started = beaten = time.monotonic()
        while not self._over.wait(self._times.look):
            moment = time.monotonic()
            if moment - started > self._timeout:
                self.out_of_time = True
                self._lost.set()
                return
            due = moment - beaten >= self._times.heartbeat
            if (due or watch.changed()) and not self._alive(prolong=due):
                self._lost.set()
                return
            beaten = moment if due else beaten

    def _alive(self, *, prolong: bool) -> bool:
        """A database that does not answer is no reason to stop: the lease decides at the commit."""
        claim, now = self._claim, datetime.now(UTC)
        try:
            if not prolong:
                with self._database.read() as unit:
                    return unit.steps.holds(claim.step_id, claim.fence)
            until = now + timedelta(seconds=self._times.lease)
            with self._database.begin() as unit:
                return unit.steps.beat(claim.step_id, claim.fence, now=now, until=until)
        except SQLAlchemyError as error:
            log.warning("%s %s: no heartbeat: %s", claim.ref.task_id, claim.ref.name, error)
            return True


class InterruptingProgress:
    """Passes reports on, and uses them to interrupt a step at a place where it is safe."""

    def __init__(self, inner: Progress, pulse: Pulse) -> None:
        self._inner, self._pulse = inner, pulse

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """Report.

        Raises:
            StepInterruptedError: the step no longer counts.
        """
        self._pulse.check()
        self._inner.report(task_id, step, done, total, unit, part, found=found)

    def forget(self, task_id: str) -> None:
        """See `Progress.forget`."""
        self._inner.forget(task_id)
