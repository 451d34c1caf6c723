"""Requests while a model is replaced by another one, and comes back: none fails, none is mixed.

On a Triton server, two who ask without pause, each time for the version that the model's name
means. Another model is staged, loaded and published meanwhile, as a deployment does, then rolled
back. Each answer must be the one of the version that was asked for, but for rounding.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from benchmarks.case import Case
from benchmarks.child import ChildError, Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Target
from benchmarks.materials import looped_demo, over
from benchmarks.own_triton import backend_name, own_triton
from benchmarks.trackloop_run import opened
from benchmarks.triton_tax import needs_triton
from shared.domain.model import ModelManifest
from shared.inference.adapters import open_runtime, stage_model
from shared.inference.models import Model
from shared.inference.port import Images, Output
from shared.inference.publish_model import publish_model
from shared.inference.roll_back import roll_back
from shared.pipeline.tools import Tools

NAME = "swap"
_MODEL = "swapped"
_WHO_ASK = 2
_PHASE_SECONDS = 5.0
_NONE = Target("≤", 0)
_ROUNDING = 1e-3


def figures(bench: Bench) -> Iterator[Figure]:
    """What failed, and what was mixed, in all runs together."""

    def both(case: Case) -> Iterator[Figure]:
        run = partial(measure, "benchmarks.swap:swap_run", case, phase_seconds=_PHASE_SECONDS)
        try:
            runs = [run() for _ in range(bench.pairs)]
        except ChildError as error:
            yield Figure(NAME, "requests during a switch", note=str(error), failed=True)
            return
        yield from (_count(runs, fact) for fact in ("failed", "mixed"))

    yield from over((("requests during a switch", _case),), NAME, bench.work, both)


def _case(work: Path) -> Case:
    needs_triton()
    return looped_demo(work, minutes=1 / 60)


def _count(runs: list[Run], fact: str) -> Figure:
    asked = sum(run.facts["frames"] for run in runs)
    slowest = max(run.facts["slowest_ms"] for run in runs)
    note = f"of {asked:g} requests on {backend_name()}; the slowest took {slowest:.0f} ms"
    count = sum(run.facts[fact] for run in runs)
    return Figure(NAME, f"{fact}: requests during a switch", count, _NONE, note=note)


@dataclass(slots=True)
class _Heard:
    """What those who ask got.

    Attributes:
        answers: how many of each version.
    """

    answers: dict[str, int] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)
    mixed: int = 0
    slowest: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, label: str, *, right: bool, seconds: float) -> None:
        with self.lock:
            self.answers[label] = self.answers.get(label, 0) + 1
            self.mixed += not right
            self.slowest = max(self.slowest, seconds)

    def fail(self, why: str) -> None:
        with self.lock:
            self.failed.append(why)


@contextmanager
def swap_run(case: Case, phase_seconds: float) -> Iterator[Work]:
    """Run inside the child."""
    picture = np.random.default_rng(7).integers(0, 256, (1, *case.size, 3), np.uint8)
    with own_triton() as url, opened(case, f"{url}&instances=1") as tools:
        old = tools.models.get(case.model)
        content, manifest = _other(old)
        file = tools.paths.root / "other.onnx"
        file.write_bytes(content)
        other = Model(manifest, file)
        publish_model(tools.models, old.read(), replace(old.manifest, name=_MODEL))
        right = {each.manifest.sha256: _plain(each, picture) for each in (old, other)}
        _refuse_equal(*right.values())
        heard = _Heard()
        tools.open_runtime(tools.models.get(_MODEL)).infer(picture).result()

        def run() -> None:
            with _asking(tools, picture, right, heard):
                time.sleep(phase_seconds)
                stage_model(tools.settings.inference_url, other)
                publish_model(tools.models, content, manifest)
                time.sleep(phase_seconds)
                roll_back(tools.models, _MODEL)
                time.sleep(phase_seconds)

        yield Work(run, lambda: _facts(heard))


def _facts(heard: _Heard) -> Facts:
    if len(heard.answers) != 3:
        raise RuntimeError(f"not every version was asked: {heard.answers}, {heard.failed[:1]}")
    return {
        "frames": float(sum(heard.answers.values()) + len(heard.failed)),
        "failed": float(len(heard.failed)),
        "mixed": float(heard.mixed),
        "slowest_ms": 1000 * heard.slowest,
    }


def _other(model: Model) -> tuple[bytes, ModelManifest]:
    """The same network, a little less sure of itself: other bytes and other answers."""
    network = onnx.load_model_from_string(model.read())
    weights = max(
        (each for each in network.graph.initializer if each.data_type == onnx.TensorProto.FLOAT),
        key=lambda each: int(np.prod(each.dims)),
    )
    weights.CopyFrom(numpy_helper.from_array(0.9 * numpy_helper.to_array(weights), weights.name))
    content = network.SerializeToString()
    digest = sha256(content).hexdigest()
    return content, replace(model.manifest, name=_MODEL, sha256=digest, weights_sha256=None)


def _plain(model: Model, picture: Images) -> Output:
    with open_runtime("onnx://", model, 1) as runtime:
        return runtime.infer(picture).result()


def _is(found: Output, expected: Output) -> bool:
    return found.shape == expected.shape and np.allclose(
        found, expected, rtol=_ROUNDING, atol=_ROUNDING
    )


def _refuse_equal(old: Output, new: Output) -> None:
    if _is(old, new):
        raise RuntimeError("both models give the same answer, so nothing mixed could be seen")


@contextmanager
def _asking(
    tools: Tools, picture: Images, right: dict[str, Output], heard: _Heard
) -> Iterator[None]:
    """Ask while the block lasts."""
    stop = threading.Event()

    def ask() -> None:
        while not stop.is_set():
            started = time.perf_counter()
            try:
                model = tools.models.get(_MODEL)
                found = tools.open_runtime(model).infer(picture).result()
            except Exception as error:  # noqa: BLE001  (whatever it is, nobody got an answer)
                heard.fail(str(error) or type(error).__name__)
                continue
            seconds = time.perf_counter() - started
            expected = right[model.manifest.sha256]
            heard.add(model.manifest.label, right=_is(found, expected), seconds=seconds)

    threads = [threading.Thread(target=ask) for _ in range(_WHO_ASK)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
