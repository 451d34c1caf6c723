"""How long `GET /status` takes while a detection runs in the same process, and when nothing does.

The service is a process of its own, asked as a client asks it: fifty requests a second over one
connection.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx
import numpy as np

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, cores, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import looped_demo, over
from shared.settings import REPOSITORY

NAME = "api_latency"
_BUSY = "while detecting"
_MOST_MILLISECONDS = Target("≤", 100.0)
_REQUESTS, _PAUSE_SECONDS = 500, 0.02
_MINUTES = 10.0
_KEY = "benchmark-" + "0" * 32
_START_SECONDS = 60.0


def figures(bench: Bench) -> Iterator[Figure]:
    """The ratio, and the milliseconds that have a limit."""

    def both(case: Case) -> Iterator[Figure]:
        ratio = take(bench, _pairing(case))
        yield ratio
        if ratio.value is not None:
            yield _milliseconds(ratio.runs[_BUSY])

    source = ("GET /status", partial(looped_demo, minutes=_MINUTES))
    return over((source,), NAME, bench.work, both)


def _pairing(case: Case) -> Pairing:
    run = partial(measure, "benchmarks.api_latency:asked_service", case)
    return Pairing(
        benchmark=NAME,
        name="p99 of GET /status: while detecting over idle",
        a=Side("idle", partial(run, busy=False)),
        b=Side(_BUSY, partial(run, busy=True)),
        value=lambda run: run.facts["p99_ms"],
        describe=_described,
    )


def _milliseconds(runs: Sequence[Run]) -> Figure:
    value = median(run.facts["p99_ms"] for run in runs)
    return Figure(
        NAME, "p99 of GET /status while detecting, ms", value, _MOST_MILLISECONDS,
        note=_described(runs),
    )  # fmt: skip


def _described(runs: Sequence[Run]) -> str:
    p50, p99 = (median(run.facts[fact] for run in runs) for fact in ("p50_ms", "p99_ms"))
    return f"p50 {p50:.1f} ms, p99 {p99:.1f} ms ({_REQUESTS} requests)"


@contextmanager
def asked_service(case: Case, busy: bool) -> Iterator[Work]:
    """Run inside the child, which is the client."""
    with _service(case) as client:
        task_id = _submit(client, case, max_frames=1)
        _wait(client, task_id, "succeeded")
        if busy:
            long = _submit(client, case)
            _wait(client, long, "detect")
        taken: list[float] = []

        def run() -> None:
            for _ in range(_REQUESTS):
                started = time.perf_counter()
                client.get(f"/status/{task_id}").raise_for_status()
                taken.append(1000 * (time.perf_counter() - started))
                time.sleep(_PAUSE_SECONDS)
            if busy:
                _still_detecting(client, long)

        def facts() -> Facts:
            p50, p99 = np.percentile(taken, (50, 99))
            return {"frames": float(len(taken)), "p50_ms": float(p50), "p99_ms": float(p99)}

        yield Work(run, facts)


@contextmanager
def _service(case: Case) -> Iterator[httpx.Client]:
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        root = Path(folder).resolve()
        environment = {
            **os.environ,
            "TRACKLOOP_STORAGE_URL": root.as_uri(),
            "TRACKLOOP_API_KEY": _KEY,
            "TRACKLOOP_PORT": "0",
            "TRACKLOOP_THREADS": str(cores()),
            "TRACKLOOP_ALLOWED_FOLDERS": f'["{case.video.parent}"]',
        }
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "up"], cwd=REPOSITORY, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            with httpx.Client(
                base_url=_address(root, process), headers={"x-api-key": _KEY}
            ) as client:
                yield client
        finally:
            process.kill()
            process.wait()


def _address(root: Path, process: "subprocess.Popen[bytes]") -> str:
    file, until = root / "service.json", time.monotonic() + _START_SECONDS
    while not file.exists():
        if process.poll() is not None or time.monotonic() > until:
            raise RuntimeError("the service did not start")
        time.sleep(0.05)
    return str(httpx.Response(200, content=file.read_bytes()).json()["url"])


def _submit(client: httpx.Client, case: Case, **options: int) -> str:
    body = {"file_path": str(case.video), "options": {"overlay": False, **options}}
    answer = client.post("/tasks", json=body).raise_for_status()
    return str(answer.json()["task_id"])


def _wait(client: httpx.Client, task_id: str, reached: str) -> None:
    until = time.monotonic() + 10 * _START_SECONDS
    while time.monotonic() < until:
        task = client.get(f"/status/{task_id}").raise_for_status().json()
        if reached in (task["state"], task["current_step"]):
            return
        if task["error"] is not None:
            raise RuntimeError(task["error"]["message"])
        time.sleep(0.1)
    raise RuntimeError(f"the task did not come to {reached}")


def _still_detecting(client: httpx.Client, task_id: str) -> None:
    step = client.get(f"/status/{task_id}").raise_for_status().json()["current_step"]
    if step != "detect":
        raise RuntimeError(f"the video was too short: the task is at {step}")
