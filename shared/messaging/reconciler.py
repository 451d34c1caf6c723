"""The one way to recover: whatever is ready and nobody comes for is rung again."""

import logging
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.db.steps import QueueActivity
from shared.db.tables import StepRow
from shared.db.unit_of_work import Unit
from shared.domain.step import StepState
from shared.domain.task import LIVE_TASKS
from shared.events.task import TaskSubmitted
from shared.metrics import RINGS
from shared.pipeline.begin import begin_task
from shared.pipeline.ring import ring_step
from shared.pipeline.step import Pipelines
from shared.pipeline.times import Times

log = logging.getLogger(__name__)


class Reason(StrEnum):
    """Why a step was rung again."""

    LEASE_LOST = "its lease ran out"
    RESUMED = "its wait after an error is over"
    OVERTAKEN = "a later message of its queue was claimed"
    SILENT = "nobody served its queue"
    OLD = "its message is very old"
    RESTARTED = "the process was started anew"
    NOT_BEGUN = "the task had no steps"


def reason_to_ring(
    step: StepRow, activity: QueueActivity, times: Times, now: datetime
) -> Reason | None:
    """Why the step's message must be taken for lost; None while it may well be queued."""
    if step.state == StepState.RUNNING:
        return Reason.LEASE_LOST
    if step.resume_at is not None:
        return Reason.RESUMED if step.resume_at <= now else None
    rung = step.rung_at
    if rung is None:
        return Reason.OLD
    later = activity.claimed_rung_at
    if later is not None and later > rung + timedelta(seconds=times.reorder):
        return Reason.OVERTAKEN
    served = max(rung, activity.active_at or rung)
    if now - served >= timedelta(seconds=times.silence):
        return Reason.SILENT
    return Reason.OLD if now - rung >= timedelta(seconds=times.oldest) else None


class Reconciler:
    """Looks at ready steps and dead leases; safe to run in several processes.

    Attributes:
        rings: how often it rang, by reason, since it was made.
    """

    def __init__(self, database: Database, pipelines: Pipelines, times: Times) -> None:
        self._database, self._pipelines, self._times = database, pipelines, times
        # Whatever was down until now, queues may be full of messages that nobody could serve.
        self._since = datetime.now(UTC)
        self.rings: Counter[Reason] = Counter()

    def look(self, *, restarted: bool = False) -> int:
        """Ring what is lost; how many steps.

        Args:
            restarted: no message and no worker outlived the last process, as on memory://; every
                ready or running step is rung at once.
        """
        now = datetime.now(UTC)
        before = self.rings.total()
        with self._database.read() as unit:
            lost = self._lost(unit, now, restarted)
            grace = 0.0 if restarted else self._times.silence
            waiting = unit.tasks.not_begun(now - timedelta(seconds=grace))
        for task_id in waiting:
            self._begin(task_id, now, restarted)
        for row in lost:
            self._look_at(row, now, restarted)
        return self.rings.total() - before

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds until `stop` is set."""
        while not stop.wait(self._times.reconcile):
            try:
                self.look()
            except SQLAlchemyError as error:
                log.warning("the reconciler waits: %s", error)

    def _lost(self, unit: Unit, now: datetime, restarted: bool) -> list[StepRow]:
        """What seems lost at a first look, which takes no lock: a long queue must cost little."""
        found = list(unit.steps.unserved(now))
        if restarted:
            found += [row for row in unit.steps.running() if row not in found]
        queues = {row.queue for row in found}
        activity = {queue: self._activity(unit, queue, now) for queue in queues}
        return [row for row in found if self._reason(row, activity[row.queue], now, restarted)]

    def _begin(self, task_id: str, now: datetime, restarted: bool) -> None:
        with self._database.begin() as unit:
            announced = unit.outbox.announces(task_id, TaskSubmitted.TYPE)
            if not announced and begin_task(unit, task_id, self._pipelines, now):
                self._count(Reason.NOT_BEGUN, task_id, "", restarted=restarted)

    def _look_at(self, seen: StepRow, now: datetime, restarted: bool) -> None:
        """Read anew under the lock: a worker may have come since the first look."""
        with self._database.begin() as unit:
            task = unit.tasks.lock(seen.task_id)
            step = unit.steps.get(seen.id)
            if task is None or step is None or task.state not in LIVE_TASKS:
                return
            if (step.name, step.part) in unit.outbox.about_to_ring(task.id):
                return
            reason = self._reason(step, self._activity(unit, step.queue, now), now, restarted)
            if reason is not None and ring_step(unit, task, step, self._pipelines, now):
                self._count(reason, task.id, step.name, restarted=restarted)

    def _reason(
        self, step: StepRow, activity: QueueActivity, now: datetime, restarted: bool
    ) -> Reason | None:
        if step.state == StepState.RUNNING:
            expired = step.lease_until is None or step.lease_until <= now
            if not (expired or restarted):
                return None
            return Reason.RESTARTED if restarted else Reason.LEASE_LOST
        if step.state != StepState.READY:
            return None
        if restarted and step.resume_at is None:
            return Reason.RESTARTED
        return reason_to_ring(step, activity, self._times, now)

    def _activity(self, unit: Unit, queue: str, now: datetime) -> QueueActivity:
        """Workers that are busy with another of their queues will come to this one; without any
        worker its messages are not lost but wait, and are worked off from when one starts.
        """
        own = unit.steps.activity(queue)
        alive = unit.workers.alive(now - timedelta(seconds=self._times.absent))
        serving = [worker for worker in alive if queue in worker.queues]
        if not serving:
            return QueueActivity(now, own.claimed_rung_at)
        group = {other for worker in serving for other in worker.queues}
        since = max(self._since, min(worker.started_at for worker in serving))
        seen = [unit.steps.activity(each).active_at for each in sorted(group)]
        served = max((moment for moment in seen if moment is not None), default=since)
        return QueueActivity(max(served, since), own.claimed_rung_at)

    def _count(self, reason: Reason, task_id: str, step: str, *, restarted: bool) -> None:
        self.rings[reason] += 1
        RINGS.labels(reason.name.lower()).inc()
        level = logging.INFO if restarted or reason is Reason.RESUMED else logging.WARNING
        log.log(level, "%s: rang %s: %s", task_id, step or "the first step", reason)
