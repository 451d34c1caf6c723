"""What the overlay costs: CPU seconds of a whole run with it over one without.

Beside it drawing's share of the overlay's own CPU time; the rest is decoding, copying and
encoding. Drawing is timed by each thread's CPU clock around `TrackOverlay.paint`.
"""

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from statistics import median

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, speed, take
from benchmarks.materials import DEMO, VTEST, over
from benchmarks.trackloop_run import opened, tracked_facts, warm_up
from shared.domain.task import Task
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import Group, Pipeline, Step
from shared.pipeline.tools import Tools
from shared.vision.draw import Planes
from shared.vision.track_overlay import TrackOverlay
from workers.pipeline import VIDEO_CHAIN

NAME = "overlay"
_WITH = "with overlay"


def figures(bench: Bench) -> Iterator[Figure]:
    """Two figures for each of the two cases."""

    def both(case: Case) -> Iterator[Figure]:
        cost = take(bench, _pairing(case))
        yield cost
        if cost.value is not None:
            yield _share(case, cost.runs[_WITH])

    return over((VTEST, DEMO), NAME, bench.work, both)


def _pairing(case: Case) -> Pairing:
    run = partial(measure, "benchmarks.overlay:timed_run", case)
    return Pairing(
        benchmark=NAME,
        name=f"{case.name}: CPU, with over without",
        a=Side("without", partial(run, overlay=False)),
        b=Side(_WITH, partial(run, overlay=True)),
        value=lambda run: run.cpu_seconds,
        describe=speed,
    )


def _share(case: Case, runs: list[Run]) -> Figure:
    shares = [run.facts["draw_seconds"] / run.facts["overlay_seconds"] for run in runs]
    spent = {
        words: median(1000 * run.facts[fact] / run.facts["frames"] for run in runs)
        for words, fact in (("overlay", "overlay_seconds"), ("drawing", "draw_seconds"))
    }
    note = ", ".join(f"{words} {value:.2f} CPU ms a frame" for words, value in spent.items())
    return Figure(NAME, f"{case.name}: drawing's share of it", median(shares), note=note)


@contextmanager
def timed_run(case: Case, overlay: bool) -> Iterator[Work]:
    """Run inside the child: every step, counting the overlay's CPU time and drawing's."""
    task = case.task("whole-run", overlay=overlay)
    draw, whole = _Stopwatch(time.thread_time), _Stopwatch(time.process_time)
    with opened(case) as tools:
        warm_up(tools, case)
        chain = _timing_overlay(VIDEO_CHAIN, whole)
        paint = TrackOverlay.paint

        def timed(self: TrackOverlay, planes: Planes, seconds: float) -> None:
            with draw.running():
                paint(self, planes, seconds)

        def facts() -> Facts:
            spent = {"draw_seconds": draw.seconds, "overlay_seconds": whole.seconds}
            return {**spent, **tracked_facts(tools, task)}

        # The process ends after this run, so the method stays replaced.
        TrackOverlay.paint = timed  # type: ignore[method-assign]
        yield Work(partial(run_pipeline, chain, tools, task), facts)


class _Stopwatch:
    """Adds up what a clock says; several threads may run it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._laps: list[float] = []

    @property
    def seconds(self) -> float:
        """Time of all laps."""
        return sum(self._laps)

    @contextmanager
    def running(self) -> Iterator[None]:
        """One lap."""
        started = self._clock()
        yield
        self._laps.append(self._clock() - started)


def _timing_overlay(pipeline: Pipeline, watch: _Stopwatch) -> Pipeline:
    """The same chain, with a stopwatch around the step that draws."""

    def timed(step: Step) -> Step:
        if step.name != "draw_overlay":
            return step

        @functools.wraps(step.run)
        def run(tools: Tools, task: Task) -> None:
            with watch.running():
                step.run(tools, task)

        return replace(step, run=run)

    return tuple(
        Group(tuple(timed(step) for step in entry.steps)) if isinstance(entry, Group) else entry
        for entry in pipeline
    )
