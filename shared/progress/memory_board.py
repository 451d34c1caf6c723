"""Progress within one process."""

import threading
import time
from dataclasses import replace
from typing import Self

import orjson

from shared.progress.port import Found, ProgressReport, checked
from shared.progress.tally import KEPT_SECONDS, Tally


def open_memory_board(_: str) -> "MemoryBoard":
    """A board of its own: whoever reports and whoever reads must share the object."""
    return MemoryBoard()


class MemoryBoard:
    """A `ProgressBoard`; safe to call from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # By task and step; whatever reported last stands last.
        self._tasks: dict[str, dict[str, Tally]] = {}

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """See `Progress.report`."""
        now, known = time.time(), None if found is None else orjson.loads(checked(found))
        with self._lock:
            if task_id not in self._tasks:
                self._drop_old(now)
            steps = self._tasks.setdefault(task_id, {})
            old = steps.pop(step, None) or Tally(step, unit, total, now, now, {}, {})
            steps[step] = replace(
                old,
                total=total,
                at=now,
                done={**old.done, part: done},
                first={part: done, **old.first},
                found=old.found if known is None else known,
            )

    def read(self, task_id: str) -> ProgressReport | None:
        """See `ProgressBoard.read`."""
        with self._lock:
            steps = self._tasks.get(task_id)
            return list(steps.values())[-1].report() if steps else None

    def forget(self, task_id: str) -> None:
        """See `Progress.forget`."""
        with self._lock:
            self._tasks.pop(task_id, None)

    def close(self) -> None:
        """There is no connection; what was reported can still be read."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop_old(self, now: float) -> None:
        """Once for each new task, so that a process that runs for ever does not grow for ever."""
        for task_id, steps in list(self._tasks.items()):
            if now - max(tally.at for tally in steps.values()) > KEPT_SECONDS:
                del self._tasks[task_id]
