"""The progress port: what a step tells, and what whoever watches may read."""

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, Self

INTERVAL_SECONDS = 0.5


class Progress(Protocol):
    """Receives how far a step has come."""

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0
    ) -> None:
        """How far one part of a step has come.

        Args:
            done: units (frames, bytes) of this part.
            total: units of the whole step, all parts together; None: not known.
            part: number of the chunk; 0 for steps that run once.
        """

    def forget(self, task_id: str) -> None:
        """The task has ended: what it reported is of no use any more."""


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """How far a step has come, all its parts together.

    Attributes:
        done: units, summed over the parts.
        total: units of the whole step; None: not known.
        rate: units a second since the step's first report; None until known.
        reported_at: when the last report came, UTC.
    """

    step: str
    done: float
    total: float | None
    unit: str
    rate: float | None
    reported_at: datetime

    @property
    def percent(self) -> float | None:
        """0 to 100; None where the total is not known."""
        return min(100.0, 100 * self.done / self.total) if self.total else None

    @property
    def seconds_left(self) -> float | None:
        """Until the step is done at this rate; None where rate or total is not known."""
        if self.total is None or not self.rate:
            return None
        return max(0.0, self.total - self.done) / self.rate


class ProgressBoard(Progress, Protocol):
    """Progress that can be read elsewhere. Every adapter passes tests/contracts/test_progress.py.

    Nothing is kept for longer than a day after a task's last report.
    """

    def read(self, task_id: str) -> ProgressReport | None:
        """The step of the task that reported last; None where none did."""

    def close(self) -> None:
        """Give back every connection."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


class Silent:
    """Nobody watches."""

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0
    ) -> None:
        """Drop it."""

    def forget(self, task_id: str) -> None:
        """Nothing was kept."""


class StepProgress:
    """One step's reports, or one part's: at most one every half second, and always the last."""

    def __init__(
        self, progress: Progress, task_id: str, step: str, unit: str, part: int = 0
    ) -> None:
        self._progress, self._task_id = progress, task_id
        self._step, self._unit, self._part = step, unit, part
        self._at, self._done = float("-inf"), -1.0

    def update(self, done: float, total: float | None) -> None:
        """Report unless the last report is fresh; the whole step's end is never held back."""
        fresh = time.monotonic() - self._at < INTERVAL_SECONDS
        if not fresh or (done == total and done != self._done):
            self.finish(done, total)

    def finish(self, done: float, total: float | None) -> None:
        """Report in any case: a part is done when it has its share of the total."""
        self._at, self._done = time.monotonic(), done
        self._progress.report(self._task_id, self._step, done, total, self._unit, self._part)
