"""A worker of many threads that does not give all of them to steps that take hours."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

from shared.domain.step import StepRef, StepState
from shared.pipeline.leases import Message
from shared.pipeline.patience import patiently
from shared.pipeline.step import Group, Pipelines
from shared.pipeline.worker import StepWorker


class OneAtATime(StepWorker):
    """Runs steps of one queue one after the other, and all others as they come.

    What comes too early waits in the database and holds no thread: the reconciler rings it again.
    """

    def __init__(self, *arguments: Any, queue: str) -> None:
        """`arguments`: those of `StepWorker`; `queue`: the one whose steps take turns."""
        super().__init__(*arguments)
        self._names = steps_of(self._pipelines, queue)
        self._turn = threading.Lock()

    def run(self, ref: StepRef, message: Message) -> bool:
        """See `StepWorker.run`."""
        if ref.name not in self._names:
            return super().run(ref, message)
        if not self._turn.acquire(blocking=False):
            patiently(lambda: self._put_back(ref), self._times.lease)
            return False
        try:
            return super().run(ref, message)
        finally:
            self._turn.release()

    def _put_back(self, ref: StepRef) -> None:
        now = datetime.now(UTC)
        with self._database.begin() as unit:
            task = unit.tasks.lock(ref.task_id)
            if task is None or task.generation != ref.generation:
                return
            step = unit.steps.find(ref)
            if step is not None and step.state == StepState.READY and step.resume_at is None:
                step.resume_at = now + timedelta(seconds=self._times.resume)


def steps_of(pipelines: Pipelines, queue: str) -> frozenset[str]:
    """Names of the steps that run on the queue."""
    entries = [entry for pipeline in pipelines.values() for entry in pipeline]
    groups = [entry.steps if isinstance(entry, Group) else (entry,) for entry in entries]
    return frozenset(step.name for steps in groups for step in steps if step.queue == queue)
