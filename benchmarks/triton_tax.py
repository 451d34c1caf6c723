"""What it costs to ask a Triton server on the same host instead of running the model in process.

The same pictures through the same port: two requests in flight, one picture each, one thread an
inference, two inferences at once on either side. Latencies are taken afterwards, one request at a
time. The server, a new one for each run, has its own process; its start is not counted.
"""

import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import DEMO, VTEST, MissingError, over
from benchmarks.own_triton import GIVEN_URL, PROGRAM, backend_name, own_triton
from benchmarks.trackloop_run import opened
from shared.inference.adapters import open_runtime
from shared.inference.port import Images, Output, Runtime

NAME = "triton_tax"
_IN_FLIGHT = 2
_REQUESTS, _WARM_UP, _ALONE = 400, 40, 100
_LEAST_OWN, _LEAST_TEST = Target("≥", 0.9), Target("≥", 0.8)
_PLAIN, _TRITON = "in process", "triton"


def figures(bench: Bench) -> Iterator[Figure]:
    """The ratio of rates, and the latency that is added."""

    def both(case: Case) -> Iterator[Figure]:
        ratio = take(bench, _pairing(case))
        yield ratio
        if ratio.value is not None:
            yield _added(case, ratio)

    sources = tuple((name, partial(_served, prepare)) for name, prepare in (DEMO, VTEST))
    yield from over(sources, NAME, bench.work, both)


def needs_triton() -> None:
    """Go on only where there is a server.

    Raises:
        MissingError: there is none.
    """
    if not PROGRAM.exists() and not os.environ.get(GIVEN_URL):
        raise MissingError(f"no Triton here; `make .venv/.triton`, or set {GIVEN_URL}")


def _served(prepare: Callable[[Path], Case], work: Path) -> Case:
    needs_triton()
    return prepare(work)


def _pairing(case: Case) -> Pairing:
    run = partial(measure, case=case, requests=_REQUESTS)
    return Pairing(
        benchmark=NAME,
        name=f"{case.model}, requests a second, {_IN_FLIGHT} in flight: "
        f"on {backend_name()} over in process",
        a=Side(_PLAIN, partial(run, "benchmarks.triton_tax:plain_run")),
        b=Side(_TRITON, partial(run, "benchmarks.triton_tax:triton_run")),
        value=lambda run: run.rate,
        describe=_described,
        target=_LEAST_OWN if os.environ.get(GIVEN_URL) else _LEAST_TEST,
    )


def _described(runs: Sequence[Run]) -> str:
    rate, alone = median(run.rate for run in runs), _latency(runs)
    return f"{rate:.1f} requests/s; {alone:.2f} ms for one alone"


def _latency(runs: Sequence[Run]) -> float:
    return median(run.facts["alone_ms"] for run in runs)


def _added(case: Case, ratio: Figure) -> Figure:
    plain, triton = (_latency(ratio.runs[side]) for side in (_PLAIN, _TRITON))
    return Figure(
        NAME, f"{case.model}: added median latency on {backend_name()}, ms", triton - plain,
        note=f"{plain:.2f} ms in process, {triton:.2f} ms through Triton",
    )  # fmt: skip


@contextmanager
def plain_run(case: Case, requests: int) -> Iterator[Work]:
    """Run inside the child."""
    with _asked("onnx://", case, requests) as work:
        yield work


@contextmanager
def triton_run(case: Case, requests: int) -> Iterator[Work]:
    """Run inside the child."""
    with own_triton() as url, _asked(f"{url}&instances={_IN_FLIGHT}", case, requests) as work:
        yield work


@contextmanager
def _asked(url: str, case: Case, requests: int) -> Iterator[Work]:
    with opened(case) as tools:
        model = tools.models.get(case.model)
        picture = _picture(case)
        with open_runtime(url, model, _IN_FLIGHT) as runtime:
            _ask(runtime, picture, min(requests, _WARM_UP))

            def facts() -> Facts:
                count = min(requests, _ALONE)
                alone = median(_seconds(runtime, picture) for _ in range(count))
                return {"frames": float(requests), "alone_ms": 1000 * alone}

            yield Work(lambda: _ask(runtime, picture, requests), facts)


def _picture(case: Case) -> Images:
    return np.random.default_rng(7).integers(0, 256, (1, *case.size, 3), np.uint8)


def _ask(runtime: Runtime, picture: Images, requests: int) -> None:
    pending: deque[Future[Output]] = deque()
    for _ in range(requests):
        if len(pending) == _IN_FLIGHT:
            pending.popleft().result()
        pending.append(runtime.infer(picture))
    for future in pending:
        future.result()


def _seconds(runtime: Runtime, picture: Images) -> float:
    started = time.perf_counter()
    runtime.infer(picture).result()
    return time.perf_counter() - started
