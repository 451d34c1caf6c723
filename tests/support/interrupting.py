"""Progress that ends a step, as a cancel does."""

import threading
import time
from dataclasses import replace

import psutil

from shared.pipeline.pulse import StepInterruptedError
from shared.pipeline.tools import Tools
from shared.progress.port import Found, Silent
from tests.support.private_servers import RUNNING


class Interrupting(Silent):
    """Raises at the first report from `after` on, and at every later one.

    Attributes:
        reports: when each report came, by the monotonic clock.
    """

    def __init__(self, after: float = 0.0) -> None:
        self._until = time.monotonic() + after
        self.reports: list[float] = []

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """Raise StepInterruptedError where it is time."""
        self.reports.append(time.monotonic())
        if self.reports[-1] >= self._until:
            raise StepInterruptedError


def interrupted_by(tools: Tools, progress: Interrupting) -> Tools:
    """The same tools with this progress."""
    return replace(tools, progress=progress)


def children() -> list[psutil.Process]:
    """Processes that this one started and that still run; servers that tests stand on are none."""
    own = [child for child in psutil.Process().children() if child.pid not in RUNNING]
    return [
        child
        for first in own
        for child in (first, *first.children(recursive=True))
        if child.status() != psutil.STATUS_ZOMBIE
    ]


def threads_named(name: str) -> list[threading.Thread]:
    """Threads of this name that run."""
    return [thread for thread in threading.enumerate() if thread.name == name]
