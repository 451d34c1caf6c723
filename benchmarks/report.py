"""The figures as a table and as JSON."""

import platform
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.child import cores
from benchmarks.figures import Bench, Figure

_PACKAGES = ("trackloop", "onnxruntime", "ultralytics", "torch", "numpy", "av", "trackers")
_IDLE = 0.5
"""Load from which pairing no longer helps: threads that wait for each other suffer most."""

_CAPTION = (
    "Figure: median of the pairs' ratios; pairs: lowest to highest. A/A and B/B: the same side "
    "against itself, median of its odd runs over median of its even runs."
)


def print_table(figures: Sequence[Figure], bench: Bench, console: Console) -> None:
    """One row for each figure, its target beside it."""
    table = Table(title=_title(bench), caption=_CAPTION, caption_justify="left", show_lines=True)
    for heading in ("benchmark", "what"):
        table.add_column(heading)
    for heading in ("figure", "target", "pairs", "A/A", "B/B"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("from")
    for figure in figures:
        table.add_row(*_cells(figure))
    console.print(table)


def write_json(figures: Sequence[Figure], bench: Bench, target: Path) -> None:
    """Everything, every single run too."""
    document = {
        "environment": environment(bench),
        "pairs": bench.pairs,
        "figures": [figure.as_json() for figure in figures],
    }
    target.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")


def environment(bench: Bench) -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "python": platform.python_version(),
        "load_at_start": round(bench.load, 2),
        "packages": {name: _version(name) for name in _PACKAGES},
    }


def _title(bench: Bench) -> str:
    title = f"{_processor()}, {cores()} cores, {bench.pairs} pairs"
    if bench.load > _IDLE:
        title += (
            f"\n[yellow]The load was {bench.load:.1f} at the start: figures need an idle machine[/]"
        )
    return title


def _cells(figure: Figure) -> list[str]:
    compared = figure.comparison
    value = "–" if figure.value is None else f"{figure.value:.2f}"
    colour = "red" if figure.failed else "dim"
    if figure.value is not None:
        missed = figure.target is not None and not figure.target.met(figure.value)
        colour = "yellow" if missed else "green" if figure.target else "default"
    return [
        figure.benchmark,
        figure.name,
        f"[{colour}]{value}[/]",
        str(figure.target or "–"),
        f"{compared.lowest:.2f}–{compared.highest:.2f}" if compared else "–",
        _ratio(compared.a_itself if compared else None),
        _ratio(compared.b_itself if compared else None),
        figure.note.replace("[", r"\["),
    ]


def _ratio(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
