"""Trackloop on servers as an operator starts it: each role a process of its own."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.servers import own_servers
from shared.db.database import Database
from shared.db.tables import StepRow, TaskRow
from shared.domain.task import LIVE_TASKS, TaskState
from shared.settings import REPOSITORY
from shared.tasks.submit import Submission, submit_task

_START_SECONDS, _STOP_SECONDS, _TASK_SECONDS = 120.0, 30.0, 3600.0
_LOOK_SECONDS = 0.05
_SURE_SECONDS = 1.0
GATEWAY_READY = "Trackloop answers at "
_READY = {"gateway": GATEWAY_READY, "beat": "Connected to ", "worker": " ready."}
"""What a role says once it is at work."""


@dataclass(frozen=True, slots=True)
class Role:
    """One process; what it says goes to a file, where nobody has to read it in time."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def ended(self) -> bool:
        """By itself."""
        return self.process.poll() is not None

    def wait_for(self, words: str) -> str:
        """What it said, once that has these words.

        Raises:
            RuntimeError: it ended, or never says them.
        """
        until = time.monotonic() + _START_SECONDS
        while words not in (said := self.log.read_text(errors="replace")):
            if self.ended() or time.monotonic() > until:
                last = (said.strip().splitlines() or ["nothing"])[-1]
                raise RuntimeError(f"{self.log.stem} did not start; it said last: {last}")
            time.sleep(_LOOK_SECONDS)
        return said

    def cpu_seconds(self) -> float:
        """CPU time of it and all that it started."""
        return _tree_seconds(self.process.pid)

    def stop(self) -> None:
        """As an operator would; then as a power cut would."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start_process(log: Path, environment: Mapping[str, str], module: str, *words: str) -> Role:
    """`python -m MODULE WORDS…`, with what it says in a file."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", module, *words], cwd=REPOSITORY,
            env={**os.environ, **environment}, stdout=output, stderr=output,
            start_new_session=True,
        )  # fmt: skip
    return Role(process, log)


@dataclass(frozen=True, slots=True)
class Deployment:
    """Roles on servers.

    Attributes:
        database: that of the deployment.
        environment: of each role.
        folder: where they log.
    """

    database: Database
    environment: Mapping[str, str]
    folder: Path
    roles: dict[str, Role] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> str:
        """Start `trackloop COMMAND…`, and wait until it is at work; what it said until then."""
        log = self.folder / f"{name}.log"
        role = self.roles[name] = start_process(log, self.environment, "cli.main", *command)
        return role.wait_for(_READY[command[0]])

    def finish(self, submission: Submission) -> tuple[TaskRow, list[StepRow]]:
        """Submit as the gateway does and wait for the end, as the database has both.

        Raises:
            RuntimeError: a role ended, or the task did not succeed.
        """
        with self.database.begin() as unit:
            task_id = submit_task(unit, submission)
        until = time.monotonic() + _TASK_SECONDS
        while (task := self._task(task_id)).state in LIVE_TASKS:
            # Each commit rings; asking for it all the time would be a tax of its own.
            self.database.outbox_written.wait(_SURE_SECONDS)
            self.database.outbox_written.clear()
            ended = [name for name, role in self.roles.items() if role.ended()]
            if ended or time.monotonic() > until:
                raise RuntimeError(f"a task did not end; roles that did: {', '.join(ended)}")
        if task.state != TaskState.SUCCEEDED:
            raise RuntimeError(f"a task has {task.state}: {task.error_message}")
        with self.database.read() as unit:
            return task, list(unit.steps.of(task_id))

    def cpu_seconds(self) -> float:
        """CPU time of the roles and all that they started."""
        return sum(role.cpu_seconds() for role in self.roles.values())

    def _task(self, task_id: str) -> TaskRow:
        with self.database.read() as unit:
            task = unit.tasks.get(task_id)
        if task is None:
            raise RuntimeError(f"task {task_id} vanished")
        return task


@contextmanager
def deployed(storage: Path, **settings: object) -> Iterator[Deployment]:
    """An empty deployment on servers of its own; what is started in it ends with the block.

    Args:
        storage: where files lie.
        settings: of every role, as `Settings` names them.
    """
    with ExitStack() as held:
        urls = held.enter_context(own_servers())
        folder = held.enter_context(TemporaryDirectory(prefix="trackloop-bench-"))
        database = held.enter_context(closing(Database(urls["TRACKLOOP_DATABASE_URL"])))
        given = {"storage_url": storage.as_uri(), **settings}
        variables = {f"TRACKLOOP_{name.upper()}": str(value) for name, value in given.items()}
        here = Deployment(database, {**variables, **urls}, Path(folder))
        held.enter_context(_hearing(database))
        held.callback(_stop, here)
        yield here


@contextmanager
def _hearing(database: Database) -> Iterator[None]:
    stop = threading.Event()
    with database.hearing_others(stop):
        try:
            yield
        finally:
            stop.set()


def _stop(deployment: Deployment) -> None:
    for role in reversed(deployment.roles.values()):
        role.stop()


def _tree_seconds(process: int) -> float:
    """Also of children that ended, as far as their parent waited for them."""
    # https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html: fields 14 to 17, in ticks.
    stat = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, stat[11:15])) / os.sysconf("SC_CLK_TCK")
    threads = Path(f"/proc/{process}/task").glob("*/children")
    children = [int(child) for thread in threads for child in thread.read_text().split()]
    return own + sum(map(_tree_seconds, children))
