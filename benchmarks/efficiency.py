"""How much of the cores one process gets out: its frames a second over those of plain copies.

A: as many single-thread copies as cores, started together, all stages in one loop each (see
`plain_loop`). B: detect and track in one process, with its queues, threads and files between.
"""

from collections.abc import Iterator
from functools import partial

from benchmarks.case import Case
from benchmarks.child import measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, speed, take
from benchmarks.materials import DEMO, VTEST, over

NAME = "efficiency"


def figures(bench: Bench) -> Iterator[Figure]:
    """One figure for each of the two cases."""
    return over((VTEST, DEMO), NAME, bench.work, lambda case: [take(bench, _pairing(case))])


def _pairing(case: Case) -> Pairing:
    copies = partial(measure, "benchmarks.plain_loop:copies", case)
    ours = partial(measure, "benchmarks.trackloop_run:detect_and_track", case)
    return Pairing(
        benchmark=NAME,
        name=case.name,
        a=Side("plain copies", copies),
        b=Side("trackloop", ours),
        value=lambda run: run.rate,
        describe=speed,
        target=Target("≥", 0.85),
    )
