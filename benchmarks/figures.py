"""One figure of the report, and how it comes from pairs of runs."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rich.console import Console

from benchmarks.child import ChildError, Run
from benchmarks.pairs import Comparison, compare, interleave


@dataclass(frozen=True, slots=True)
class Bench:
    """What every benchmark is given.

    Attributes:
        pairs: how many.
        work: where videos and models are made ready.
        console: for progress.
        load: processes that wanted a CPU when it all began.
    """

    pairs: int
    work: Path
    console: Console
    load: float


@dataclass(frozen=True, slots=True)
class Target:
    """What a figure should keep to."""

    sign: Literal["≥", "≤"]
    limit: float

    def met(self, value: float) -> bool:
        """Whether the value keeps to it."""
        return value >= self.limit if self.sign == "≥" else value <= self.limit

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the report.

    Attributes:
        value: None where it could not be taken; `note` then says why.
        failed: it should have been taken.
        runs: what it comes from, by side.
    """

    benchmark: str
    name: str
    value: float | None = None
    target: Target | None = None
    comparison: Comparison | None = None
    note: str = ""
    failed: bool = False
    runs: dict[str, list[Run]] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """All of it, as plain data, with the verdict."""
        target, value = self.target, self.value
        met = target.met(value) if target is not None and value is not None else None
        return {**asdict(self), "met": met}


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two that take turns."""

    label: str
    run: Callable[[], Run]


@dataclass(frozen=True, slots=True)
class Pairing:
    """How a figure is taken: B over A in `value`.

    Attributes:
        describe: a side's runs in words, for the note.
    """

    benchmark: str
    name: str
    a: Side
    b: Side
    value: Callable[[Run], float]
    describe: Callable[[Sequence[Run]], str]
    target: Target | None = None


def take(bench: Bench, pairing: Pairing) -> Figure:
    """Run the pairs; a side that fails ends this figure, not the report."""
    name = f"{pairing.benchmark}, {pairing.name}"
    try:
        a, b = interleave(_told(bench, name, pairing.a), _told(bench, name, pairing.b), bench.pairs)
    except ChildError as error:
        return Figure(
            pairing.benchmark, pairing.name, target=pairing.target, note=str(error), failed=True
        )
    comparison = compare([pairing.value(run) for run in a], [pairing.value(run) for run in b])
    sides = {pairing.a.label: a, pairing.b.label: b}
    return Figure(
        benchmark=pairing.benchmark,
        name=pairing.name,
        value=comparison.ratio,
        target=pairing.target,
        comparison=comparison,
        note="\n".join(f"{label}: {pairing.describe(runs)}" for label, runs in sides.items()),
        runs=sides,
    )


def _told(bench: Bench, name: str, side: Side) -> Callable[[], Run]:
    def run() -> Run:
        bench.console.print(f"{name}: {side.label} …", style="dim")
        return side.run()

    return run


def speed(runs: Sequence[Run]) -> str:
    """Medians of frames a second and of CPU time, and what was found."""
    rate = median(run.rate for run in runs)
    cpu = median(run.cpu_milliseconds for run in runs)
    counts = {key: runs[0].facts[key] for key in ("frames", "tracks") if key in runs[0].facts}
    found = ", ".join(f"{value:g} {key}" for key, value in counts.items())
    return f"{rate:.1f} frames/s, {cpu:.1f} CPU ms a frame ({found})"
