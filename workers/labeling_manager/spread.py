"""Some of many, evenly."""

from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(all_of_them: Sequence[T], count: int) -> list[T]:
    """So many of them, each the middle of an equal share; all where there are no more."""
    count = min(count, len(all_of_them))
    return [all_of_them[(2 * n + 1) * len(all_of_them) // (2 * count)] for n in range(count)]
