"""Join the pieces that one subject's track was broken into, once the whole video is known.

Two pieces are joined where each, moving on at its own speed, meets the other in the middle of
the gap: the gate of AFLink in StrongSORT (arXiv 2202.13514) without its network.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from shared.domain.detection import TrackedDetections

LONGEST_GAP_SECONDS = 4 / 3
GATE = 0.4
"""Largest distance in box heights, plus the logarithm of the heights' ratio."""

_FITTED = 10

Sample = tuple[float, float, float, float]
"""Seconds, then centre x, centre y and height in pixels."""

Floats = NDArray[np.float64]
_Pairs = list[tuple[int, int]]


@dataclass(slots=True)
class Piece:
    """The two ends of a track.

    Attributes:
        head, tail: its first and its last boxes, at most ten each, by ascending time.
    """

    track_id: int
    class_id: int = -1
    head: list[Sample] = field(default_factory=list)
    tail: deque[Sample] = field(default_factory=lambda: deque(maxlen=_FITTED))

    def add(self, sample: Sample) -> None:
        """Take the next box of the track."""
        if len(self.head) < _FITTED:
            self.head.append(sample)
        self.tail.append(sample)

    def join(self, later: "Piece") -> None:
        """Take a later piece of the same subject."""
        self.head += later.head[: _FITTED - len(self.head)]
        self.tail.extend(later.tail)


class Ends:
    """Collects the ends of all tracks while they are followed; memory grows with their number."""

    def __init__(self) -> None:
        self.pieces: dict[int, Piece] = {}

    def add(self, seconds: float, tracked: TrackedDetections) -> None:
        """Take the boxes of the next frame."""
        boxes = tracked.xyxy.tolist()
        for track_id, (x1, y1, x2, y2) in zip(tracked.track_id.tolist(), boxes, strict=True):
            if track_id not in self.pieces:
                self.pieces[track_id] = Piece(track_id)
            sample = (seconds, (x1 + x2) / 2, (y1 + y2) / 2, max(y2 - y1, 1.0))
            self.pieces[track_id].add(sample)


def link(pieces: Sequence[Piece]) -> dict[int, int]:
    """The track id of the first piece of the same subject, for each track id.

    Pieces of different classes, and pieces that overlap in time, are never joined.
    """
    first = {piece.track_id: piece.track_id for piece in pieces}
    known = list(pieces)
    while pairs := _best_pairs(known):
        before = {later: earlier for earlier, later in pairs}
        starts = [number for number in range(len(known)) if number not in before]
        after = dict(pairs)
        for start in starts:
            number = start
            while number in after:
                number = after[number]
                known[start].join(known[number])
                first[known[number].track_id] = known[start].track_id
        known = [known[number] for number in starts]
    return {track_id: _root(first, track_id) for track_id in first}


def _root(first: dict[int, int], track_id: int) -> int:
    while first[track_id] != track_id:
        track_id = first[track_id]
    return track_id


def _best_pairs(pieces: Sequence[Piece]) -> _Pairs:
    """Earlier and later place of each pair to join; the sum of their costs is the least."""
    if not pieces:
        return []
    rows, columns, costs = _candidates(pieces)
    if not len(costs):
        return []
    graph = coo_array((costs, (rows, columns + len(pieces))), shape=(2 * len(pieces),) * 2)
    _, group = connected_components(graph, directed=False)
    of_pair = group[rows]
    pairs: _Pairs = []
    for number in np.unique(of_pair):
        own = np.flatnonzero(of_pair == number)
        pairs += _assigned(rows[own], columns[own], costs[own])
    return pairs


def _assigned(
    rows: NDArray[np.intp], columns: NDArray[np.intp], costs: Floats
) -> Iterator[tuple[int, int]]:
    ends, row = np.unique(rows, return_inverse=True)
    starts, column = np.unique(columns, return_inverse=True)
    matrix = np.full((len(ends), len(starts)), 2 * GATE)
    matrix[row, column] = costs
    for i, j in zip(*linear_sum_assignment(matrix), strict=True):
        if matrix[i, j] < GATE:
            yield int(ends[i]), int(starts[j])


def _candidates(pieces: Sequence[Piece]) -> tuple[NDArray[np.intp], NDArray[np.intp], Floats]:
    """Pairs below the gate: place of the earlier piece, of the later one, and the cost."""
    heads = np.array([_fit(piece.head) for piece in pieces])
    tails = np.array([_fit(piece.tail) for piece in pieces])
    classes = np.array([piece.class_id for piece in pieces])
    start = np.array([piece.head[0][0] for piece in pieces])
    end = np.array([piece.tail[-1][0] for piece in pieces])
    order = np.argsort(start, kind="stable")
    low = np.searchsorted(start[order], end, side="right")
    high = np.searchsorted(start[order], end + LONGEST_GAP_SECONDS, side="right")
    rows = np.repeat(np.arange(len(pieces)), high - low)
    spans = [order[a:b] for a, b in zip(low, high, strict=True)]
    columns = np.concatenate(spans) if spans else np.empty(0, np.intp)
    middle = (end[rows] + start[columns]) / 2
    one, other = tails[rows], heads[columns]
    apart = np.hypot(*(_at(one, middle) - _at(other, middle)))
    costs = apart / ((one[:, 4] + other[:, 4]) / 2) + abs(np.log(one[:, 4] / other[:, 4]))
    below = (costs < GATE) & (classes[rows] == classes[columns])
    return rows[below], columns[below], costs[below]


def _at(lines: Floats, seconds: Floats) -> Floats:
    """Centres (2, N) at these times."""
    return np.stack([lines[:, 0] + lines[:, 2] * seconds, lines[:, 1] + lines[:, 3] * seconds])


def _fit(samples: Iterable[Sample]) -> tuple[float, ...]:
    """x and y at time 0, their speeds in pixels per second (Theil-Sen), and the median height."""
    seconds, x, y, height = np.array(list(samples)).T
    first, second = np.triu_indices(len(seconds), 1)
    lapse = seconds[second] - seconds[first]
    places = np.stack([x, y])
    speed = np.zeros(2)
    if len(lapse):
        speed = np.median((places[:, second] - places[:, first]) / lapse, axis=1)
    base = np.median(places - speed[:, None] * seconds, axis=1)
    return (*base.tolist(), *speed.tolist(), float(np.median(height)))
