"""The progress port: what a step tells, and what whoever watches may read."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, Self

import orjson

INTERVAL_SECONDS = 0.5
MOST_FOUND_BYTES = 4096

Found = Mapping[str, Any]
"""Of a step, while it runs: a few figures as plain JSON. Whatever grows with it is for a file."""


class Progress(Protocol):
    """Receives how far a step has come."""

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """How far one part of a step has come.

        Args:
            done: units (frames, bytes) of this part.
            total: units of the whole step, all parts together; None: not known.
            part: number of the chunk; 0 for steps that run once.
            found: what the step knows by now; None: nothing new.

        Raises:
            ValueError: `found` is larger than `MOST_FOUND_BYTES` as JSON.
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
        found: what the step knew when it said so last; empty where it never did.
    """

    step: str
    done: float
    total: float | None
    unit: str
    rate: float | None
    reported_at: datetime
    found: Found = field(default_factory=dict)

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
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """Drop it."""

    def forget(self, task_id: str) -> None:
        """Nothing was kept."""


def checked(found: Found) -> bytes:
    """As JSON.

    Raises:
        ValueError: it is too large to be kept with every report.
    """
    written = orjson.dumps(found)
    if len(written) > MOST_FOUND_BYTES:
        raise ValueError(
            f"found: {len(written)} bytes are more than {MOST_FOUND_BYTES}; write a file instead."
        )
    return written


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
