"""`python -m benchmarks [NAME ...]`: measure and print.

Ends with 1 when a figure could not be taken; one that misses its target is only marked.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from benchmarks.figures import Bench, Figure
from benchmarks.report import print_table, write_json

BENCHMARKS = (
    "vs_ultralytics",
    "efficiency",
    "memory",
    "overlay",
    "layer_tax",
    "scale_out",
    "api_latency",
    "api_submit",
    "persist",
    "train_overhead",
    "triton_tax",
    "swap",
)


def main() -> int:
    """Take the figures one benchmark after the other."""
    asked = _arguments()
    work = asked.work.resolve()
    work.mkdir(parents=True, exist_ok=True)
    bench = Bench(asked.pairs, work, Console(stderr=True), os.getloadavg()[0])
    taken: list[Figure] = []
    try:
        for name in asked.names or BENCHMARKS:
            figures: Callable[[Bench], Iterator[Figure]]
            figures = importlib.import_module(f"benchmarks.{name}").figures
            taken.extend(figures(bench))
    finally:
        # An interrupted run still shows what it has.
        print_table(taken, bench, Console())
        if asked.json:
            write_json(taken, bench, asked.json)
    return int(any(figure.failed for figure in taken))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    known = ", ".join(BENCHMARKS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {known}; none: all")
    parser.add_argument("--pairs", type=int, default=7, help="pairs of runs for each figure")
    parser.add_argument("--json", type=Path, help="write every run to this file")
    parser.add_argument("--work", type=Path, default=Path("bench_out"),
                        help="where videos and models are made ready")  # fmt: skip
    asked = parser.parse_args()
    if unknown := [name for name in asked.names if name not in BENCHMARKS]:
        parser.error(f"unknown benchmark {unknown[0]!r}; known benchmarks: {known}")
    if asked.pairs < 1:
        parser.error("--pairs must be at least 1")
    return asked


if __name__ == "__main__":
    sys.exit(main())
