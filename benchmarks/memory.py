"""Peak memory of a whole run with overlay: 20 minutes of video over 1 minute of the same.

The peak is the kernel's high-water mark of resident memory (VmHWM), of the process itself and,
apart from it, of the largest child process (the one that decodes first). The long run is done
once, the short one up to three times; the short runs' spread is what the same run differs by.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from threading import Event, Thread

from benchmarks import materials
from benchmarks.case import Case
from benchmarks.child import ChildError, Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Target
from benchmarks.pairs import Comparison, against_itself
from benchmarks.trackloop_run import opened, tracked_facts
from shared.pipeline.runner import run_pipeline
from workers.pipeline import VIDEO_CHAIN

NAME = "memory"
SHORT_MINUTES, LONG_MINUTES = 1.0, 20.0
_SHORT_RUNS = 3
_TARGET = Target("≤", 1.10)
_PEAKS = {"process_bytes": "the process", "children_bytes": "its children"}


def figures(bench: Bench) -> Iterator[Figure]:
    """One figure for the process and one for its children."""
    title = f"{LONG_MINUTES:g} min over {SHORT_MINUTES:g} min"
    try:
        short, long = (
            materials.looped_demo(bench.work, minutes) for minutes in (SHORT_MINUTES, LONG_MINUTES)
        )
        a = [_run(bench, short) for _ in range(min(_SHORT_RUNS, bench.pairs))]
        b = _run(bench, long)
    except materials.MissingError as why:
        yield Figure(NAME, title, note=f"skipped: {why}")
    except ChildError as error:
        yield Figure(NAME, title, target=_TARGET, note=str(error), failed=True)
    else:
        for fact, words in _PEAKS.items():
            yield _figure(f"{title}: {words}", fact, a, b)


def _run(bench: Bench, case: Case) -> Run:
    bench.console.print(f"{NAME}: {case.name} …", style="dim")
    return measure("benchmarks.memory:watched_run", case)


def _figure(name: str, fact: str, short: list[Run], long: Run) -> Figure:
    peaks = [run.facts[fact] for run in short]
    ratios = [long.facts[fact] / peak for peak in peaks]
    comparison = Comparison(median(ratios), min(ratios), max(ratios), against_itself(peaks), None)
    return Figure(
        benchmark=NAME,
        name=name,
        value=comparison.ratio,
        target=_TARGET,
        comparison=comparison,
        note=f"short: {median(peaks) / 2**20:.0f} MiB ({short[0].facts['frames']:g} frames)\n"
        f"long: {long.facts[fact] / 2**20:.0f} MiB ({long.facts['frames']:g} frames)",
        runs={"short": short, "long": [long]},
    )


@contextmanager
def watched_run(case: Case) -> Iterator[Work]:
    """Run inside the child: every step, with overlay, no warm-up."""
    task = case.task("whole-run", overlay=True)
    with opened(case) as tools, _LargestChild() as children:

        def facts() -> Facts:
            peaks = {"process_bytes": peak_bytes(os.getpid()), "children_bytes": children.peak}
            return {**peaks, **tracked_facts(tools, task)}

        yield Work(partial(run_pipeline, VIDEO_CHAIN, tools, task), facts)


def peak_bytes(process: int) -> int:
    """High-water mark of a process's resident memory."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "VmHWM":
            return int(value.split()[0]) * 1024
    return 0  # it has ended, and its memory is gone


class _LargestChild:
    """Watches the child processes from a thread, for as long as the block lasts.

    The kernel's own figure for ended children (ru_maxrss) is no use here: a child starts with
    its parent's mark, because for an instant it runs in the parent's memory.
    """

    def __init__(self) -> None:
        self.peak = 0
        self._stop = Event()
        self._thread = Thread(target=self._watch, name="largest-child")

    def _watch(self) -> None:
        own = _words(os.getpid())
        while not self._stop.wait(0.05):
            for child in _children():
                try:
                    if _words(child) != own:  # equal until it has become its own program
                        self.peak = max(self.peak, peak_bytes(child))
                except (ProcessLookupError, FileNotFoundError):
                    continue  # it has just ended

    def __enter__(self) -> "_LargestChild":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()


def _children() -> Iterator[int]:
    """Processes that a thread of this one started."""
    for thread in Path("/proc/self/task").iterdir():
        try:
            started = (thread / "children").read_text().split()
        except (ProcessLookupError, FileNotFoundError):
            continue  # the thread has just ended
        yield from map(int, started)


def _words(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()
