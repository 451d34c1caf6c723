"""Sends what is due, each message in a thread of its own, never in one that runs steps."""

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.errors import TrackloopError, TransientError
from workers.notification.attempts import Job, Pace, claim_next, finish
from workers.notification.lanes import Lanes

log = logging.getLogger(__name__)

Send = Callable[[Job], None]
"""Hands one message over, as `Channel.send` does."""

_TROUBLE_SECONDS = 1.0
_PRUNE_SECONDS = 3600.0
_KEPT = timedelta(days=30)


class Sender:
    """A message whose sender died is sent again when its lease has run out."""

    def __init__(self, database: Database, send: Send, pace: Pace) -> None:
        self._database, self._send, self._pace = database, send, pace
        self._lanes, self._changing = Lanes(), threading.Lock()
        self._under_way: set[threading.Thread] = set()
        self._due: datetime | None = None
        self._pruned: float | None = None

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set; a commit of this process is noticed at once."""
        written = self._database.deliveries_written
        written.set()
        with self._database.watch() as watch:
            while not stop.is_set():
                rung = written.wait(self._pace.look)
                written.clear()  # before the look, which sees whatever was committed until here
                due = self._due is not None and self._due <= datetime.now(UTC)
                if not stop.is_set() and (rung or watch.changed() or due):
                    self._look(stop)
        self._wait_for_all()

    def send_due(self) -> int:
        """Start to send everything that is due and has room in its lane; how many."""
        started = 0
        while job := self._claim():
            self._start(job)
            started += 1
        return started

    def _look(self, stop: threading.Event) -> None:
        try:
            self.send_due()
            self._prune()
        except SQLAlchemyError as error:
            log.warning("notifications wait: %s", error)
            self._due = datetime.now(UTC)
            stop.wait(_TROUBLE_SECONDS)

    def _claim(self) -> Job | None:
        with self._changing:
            busy = self._lanes.busy()
        with self._database.read() as unit:
            self._due = unit.deliveries.next_due(busy)
        now = datetime.now(UTC)
        if self._due is None or self._due > now:
            return None
        # Committed before the sending: whoever comes after a kill knows what was under way.
        with self._database.begin() as unit:
            return claim_next(unit, busy, self._pace, now)

    def _start(self, job: Job) -> None:
        thread = threading.Thread(target=self._attempt, args=(job,), name="notify", daemon=True)
        with self._changing:
            self._lanes.enter(job.lane)
            self._under_way.add(thread)
        thread.start()

    def _attempt(self, job: Job) -> None:
        until = time.monotonic() + self._pace.lease
        try:
            self._keep(job, self._fault_of(job), until)
        finally:
            with self._changing:
                self._lanes.leave(job.lane)
                self._under_way.discard(threading.current_thread())
            self._database.deliveries_written.set()  # there is room in the lane

    def _fault_of(self, job: Job) -> TrackloopError | None:
        try:
            self._send(job)
        except TrackloopError as error:
            log.info("notification %s: %s", job.id, error.message)
            return error
        except Exception as error:  # a channel's fault is this message's, not the sender's
            log.exception("notification %s broke", job.id)
            return TransientError(
                "channel_broken", f"The channel broke ({type(error).__name__}); the log says more."
            )
        return None

    def _keep(self, job: Job, fault: TrackloopError | None, until: float) -> None:
        """A database that is away for a moment is no reason to send twice."""
        while True:
            try:
                with self._database.begin() as unit:
                    over = finish(unit, job, fault, self._pace, datetime.now(UTC))
            except SQLAlchemyError as error:
                log.warning("notification %s: not accounted for yet: %s", job.id, error)
                if time.monotonic() > until:
                    return
                time.sleep(_TROUBLE_SECONDS)
            else:
                if over and fault is not None:
                    log.warning("notification %s is given up: %s", job.id, fault.message)
                return

    def _wait_for_all(self) -> None:
        end = time.monotonic() + self._pace.stop
        with self._changing:
            threads = list(self._under_way)
        for thread in threads:
            thread.join(max(end - time.monotonic(), 0))

    def _prune(self) -> None:
        if self._pruned is None or time.monotonic() - self._pruned > _PRUNE_SECONDS:
            with self._database.begin() as unit:
                unit.deliveries.prune(datetime.now(UTC) - _KEPT)
            self._pruned = time.monotonic()
