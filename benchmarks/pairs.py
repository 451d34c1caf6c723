"""Interleaved runs and what may be said of them.

A machine is faster at one minute than at the next, so no time is compared with one from
another run: A and B take turns, and each pair gives one ratio.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Comparison:
    """B over A.

    Attributes:
        ratio: median of the pairs' ratios.
        lowest, highest: the pairs' ratios lie between these.
        a_itself, b_itself: a side against itself (see `against_itself`): as far from 1 as noise
            alone takes a median; None with fewer than two pairs.
    """

    ratio: float
    lowest: float
    highest: float
    a_itself: float | None
    b_itself: float | None


def interleave(a: Callable[[], T], b: Callable[[], T], pairs: int) -> tuple[list[T], list[T]]:
    """Run A B, B A, A B, …: what comes second in one pair comes first in the next."""
    from_a: list[T] = []
    from_b: list[T] = []
    for number in range(pairs):
        turns = [(a, from_a), (b, from_b)]
        for run, results in turns if number % 2 == 0 else reversed(turns):
            results.append(run())
    return from_a, from_b


def compare(a: Sequence[float], b: Sequence[float]) -> Comparison:
    """Compare two sides whose values were taken in pairs.

    Raises:
        ValueError: there is no pair, the sides differ in length, or a value is not above 0.
    """
    if not a or len(a) != len(b) or min(*a, *b) <= 0:
        raise ValueError(f"need as many values above 0 from both sides; got {a} and {b}")
    ratios = [of_b / of_a for of_a, of_b in zip(a, b, strict=True)]
    return Comparison(
        ratio=median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        a_itself=against_itself(a),
        b_itself=against_itself(b),
    )


def against_itself(values: Sequence[float]) -> float | None:
    """Median of the first, third, fifth … value over that of the others; None for one value.

    The odd runs also had the other place in their pair, so the effect of the order shows too.
    """
    if len(values) < 2:
        return None
    return median(values[::2]) / median(values[1::2])
