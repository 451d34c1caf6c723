"""Starts the process that runs steps, passes signals on to it, and ends children that are stuck."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from shared.metrics import LOOP_AT, PROGRESS_AT
from shared.settings import Settings

log = logging.getLogger(__name__)

_LOOP_STALLS_SECONDS = 120.0
_STOP_SECONDS = 30.0


class StepProcess:
    """The process and what it counts.

    Attributes:
        registry: the counts of its children and its own.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", counts: Path, stall: float) -> None:
        self._process, self._counts, self._stall = process, counts, stall
        self.registry = CollectorRegistry()
        MultiProcessCollector(self.registry, path=str(counts))  # type: ignore[no-untyped-call]

    @property
    def pid(self) -> int:
        """Of the process above the children."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """It ended by itself."""
        return self._process.poll() is not None

    def end_stuck_children(self) -> None:
        """A child whose step makes no progress is killed; the step's message comes again."""
        for pid in self._silent(PROGRESS_AT, self._stall):
            log.error("process %d made no progress for %g s and is ended", pid, self._stall)
            os.kill(pid, signal.SIGKILL)

    def faults(self) -> Sequence[str]:
        """Why this worker is of no use any more, in words."""
        return ("the process of the steps ended",) if self.ended else ()

    def stalls(self) -> Sequence[str]:
        """It takes no messages, as also while the broker is away."""
        stuck = self._silent(LOOP_AT, _LOOP_STALLS_SECONDS)
        return ("no messages are taken",) if stuck else ()

    def stop(self) -> int:
        """Running steps are given back; the exit code.

        Who does not come to an end, such as one that waits for a broker that confirms nothing, is
        killed: its leases run out.
        """
        if not self.ended:
            self._process.terminate()
        try:
            return self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("the process of the steps does not end and is killed")
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()

    def _silent(self, gauge: str, seconds: float) -> list[int]:
        """Living processes whose time is set and older than that."""
        before = time.time() - seconds
        found = []
        for pid, moment in self._values(gauge):
            if not _alive(pid):
                mark_process_dead(pid, str(self._counts))  # type: ignore[no-untyped-call]
            elif 0 < moment < before:
                found.append(pid)
        return found

    def _values(self, gauge: str) -> Iterator[tuple[int, float]]:
        for family in self.registry.collect():
            if family.name == gauge:
                for sample in family.samples:
                    yield int(sample.labels["pid"]), sample.value


@contextmanager
def step_process(
    settings: Settings, queues: Sequence[str], processes: int
) -> Iterator[StepProcess]:
    """Serve these queues while the block lasts; at its end running steps are given back."""
    with TemporaryDirectory(prefix="trackloop-counts-") as counts:
        environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": counts}
        command = [sys.executable, "-m", "workers.step_process", ",".join(queues), str(processes)]
        # A group of its own: Ctrl-C on a terminal reaches it once, through this process.
        process = subprocess.Popen(command, env=environment, start_new_session=True)
        running = StepProcess(process, Path(counts), settings.stall_seconds)
        try:
            yield running
        finally:
            running.stop()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
