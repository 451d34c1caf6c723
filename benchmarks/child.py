"""One measured run is one fresh process; this is both ends of it.

The parent names a target `module:function`, a context manager that gets the case ready
(imports, model, warm-up), yields the `Work`, and clears up. Only `Work.run` is timed: wall
clock, and CPU time of the process and of the children that it waited for. The child's last
line on stdout is the answer.
"""

import importlib
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

import orjson
from pydantic import TypeAdapter

from benchmarks.case import Case
from shared.settings import REPOSITORY

Facts = dict[str, float]


@dataclass(frozen=True, slots=True)
class Work:
    """What is timed, and what is asked afterwards.

    Attributes:
        facts: `frames` at least; `cpu_seconds` stands above what the child counted.
    """

    run: Callable[[], None]
    facts: Callable[[], Facts]


Target = Callable[..., AbstractContextManager[Work]]


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run."""

    seconds: float
    cpu_seconds: float
    facts: Facts

    @property
    def rate(self) -> float:
        """Frames a second."""
        return self.facts["frames"] / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        """CPU time of one frame."""
        return 1000 * self.cpu_seconds / self.facts["frames"]


class ChildError(Exception):
    """A measured run failed; the message is the last line that it wrote."""


def cores() -> int:
    """CPUs that this process and its children may use: both sides get as many threads."""
    return len(os.sched_getaffinity(0))


def measure(target: str, case: Case, **options: object) -> Run:
    """Run a target in a process of its own.

    Raises:
        ChildError: it failed.
    """
    order = orjson.dumps({"target": target, "case": case, "options": options}, default=str)
    path = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.child"],
        input=order,
        capture_output=True,
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": path},
        check=False,
    )
    if ended.returncode != 0:
        words = ended.stderr.decode(errors="replace").strip() or f"exit {ended.returncode}"
        raise ChildError(f"{target}: {words.splitlines()[-1]}")
    return TypeAdapter(Run).validate_json(ended.stdout.splitlines()[-1])


def _answer(order: bytes) -> Run:
    asked = orjson.loads(order)
    module, _, name = asked["target"].partition(":")
    target: Target = getattr(importlib.import_module(module), name)
    case = TypeAdapter(Case).validate_python(asked["case"])
    with target(case, **asked["options"]) as work:
        cpu, started = _cpu_seconds(), time.perf_counter()
        work.run()
        seconds, cpu = time.perf_counter() - started, _cpu_seconds() - cpu
        facts = work.facts()
    return Run(seconds, facts.pop("cpu_seconds", cpu), facts)


def _cpu_seconds() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


if __name__ == "__main__":
    # Whoever is terminated still stops what it started and drops what it made on servers.
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    answer = _answer(sys.stdin.buffer.read())
    print(orjson.dumps(answer).decode(), flush=True)
