"""Where subjects may walk: places in the room and the straight lines between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from demo.floor_plan import DEPTH, FloorPlan
from demo.sightlines import Sightlines

Floats = NDArray[np.float64]

PLACES = 64
SPACING = 0.15
LONGEST_HIDDEN = 1.5
SHORTEST_HIDDEN = 0.3
SHORTEST_LEG, LONGEST_LEG = 1.2, 6.5
CLEARANCE = 0.28


@dataclass(frozen=True)
class RouteMap:
    """`places` (n, 2) in floor metres; the first `doors` of them lie before the doors.

    `hidden` (n, n) is the longest time in seconds that a walk between two places is behind
    furniture, infinite where the way is blocked, too short or too long.
    """

    places: Floats
    doors: int
    hidden: Floats

    @cached_property
    def neighbours(self) -> list[NDArray[np.intp]]:
        """For each place, those that a straight walk reaches."""
        return [np.flatnonzero(np.isfinite(row)) for row in self.hidden]


def clear(points: Floats, plan: FloorPlan, margin: float = CLEARANCE) -> NDArray[np.bool_]:
    """Whether points (n, 2) are in the room and at least `margin` metres off all furniture."""
    x, y = points.T
    free = (x > margin) & (x < plan.width - margin) & (y > margin) & (y < DEPTH - margin)
    for piece in plan.pieces:
        x0, y0, x1, y1 = piece.footprint
        across = (x > x0 - margin) & (x < x1 + margin)
        free &= ~(across & (y > y0 - margin) & (y < y1 + margin))
    return np.asarray(free, np.bool_)


def make_routes(
    plan: FloorPlan, sight: Sightlines, tallness: float, speed: float, rng: np.random.Generator
) -> RouteMap:
    """Places that no furniture hides, for bodies `tallness` metres tall walking at `speed` m/s."""
    doors = np.array([door.inside for door in plan.doors])
    drawn = rng.uniform((0.3, 0.3), (plan.width - 0.3, DEPTH - 0.3), (PLACES * 4, 2))
    open_sight = ~sight.hidden(drawn, tallness).any(axis=0)
    places = np.concatenate([doors, drawn[clear(drawn, plan) & open_sight][:PLACES]])
    hidden = np.full((len(places), len(places)), np.inf)
    pairs = np.argwhere(np.triu(_near_enough(places), 1))
    walks = [_walk(places[a], places[b]) for a, b in pairs]
    ends = np.cumsum([len(walk) for walk in walks])[:-1]
    points = np.concatenate(walks)
    free = np.split(clear(points, plan), ends)
    behind = np.split(sight.hidden(points, tallness), ends, axis=1)
    for (a, b), way, flags in zip(pairs, free, behind, strict=True):
        seconds = _longest(flags) * SPACING / speed
        if way.all() and seconds <= LONGEST_HIDDEN:
            hidden[a, b] = hidden[b, a] = seconds
    return RouteMap(places, len(doors), hidden)


def _near_enough(places: Floats) -> NDArray[np.bool_]:
    length = np.hypot(*np.moveaxis(places[:, None] - places[None], 2, 0))
    return np.asarray((length >= SHORTEST_LEG) & (length <= LONGEST_LEG), np.bool_)


def _walk(a: Floats, b: Floats) -> Floats:
    """Points SPACING metres apart from a to b, shape (n, 2)."""
    return np.linspace(a, b, int(np.hypot(*(b - a)) / SPACING) + 2)


def _longest(flags: NDArray[np.bool_]) -> int:
    """Length of the longest run of True in any row of (rows, n)."""
    if not flags.any():
        return 0
    padded = np.pad(flags.astype(np.int8), ((0, 0), (1, 1)))
    edges = np.flatnonzero(np.diff(padded.ravel()))
    return int((edges[1::2] - edges[::2]).max())
