"""Pieces of one subject are joined, pieces of two are not."""

import numpy as np
import pytest

from shared.domain.detection import TrackedDetections
from shared.tracking.link import Ends, Piece, link

RATE = 10.0


def piece(
    number: int, first: int, last: int, *, speed: float = 20.0, start: float = 0.0,
    y: float = 100.0, height: float = 50.0, class_id: int = 0,
) -> Piece:  # fmt: skip
    """A subject at `start` (pixels) at time 0, moving right at `speed` (pixels per second)."""
    made = Piece(number, class_id)
    times = [frame / RATE for frame in range(first, last + 1)]
    for t in times:
        made.add((t, start + speed * t, y, height))
    return made


def test_two_pieces_of_one_walk_get_the_first_id() -> None:
    assert link([piece(1, 0, 30), piece(2, 38, 60)]) == {1: 1, 2: 1}


def test_a_chain_of_pieces_gets_the_first_id() -> None:
    pieces = [piece(7, 50, 70), piece(3, 0, 20), piece(5, 25, 45)]
    assert link(pieces) == {3: 3, 5: 3, 7: 3}


def test_pieces_that_overlap_in_time_stay_apart() -> None:
    assert link([piece(1, 0, 30), piece(2, 30, 60)]) == {1: 1, 2: 2}


@pytest.mark.parametrize(
    "later",
    [
        piece(2, 50, 70),
        piece(2, 38, 60, class_id=1),
        piece(2, 38, 60, height=110.0),
        piece(2, 38, 60, start=60.0),
        piece(2, 38, 60, y=160.0),
    ],
    ids=["after too long", "another class", "another height", "further on", "elsewhere"],
)
def test_strangers_stay_apart(later: Piece) -> None:
    assert link([piece(1, 0, 30), later]) == {1: 1, 2: 2}


def test_where_two_could_follow_the_nearer_one_does() -> None:
    pieces = [piece(1, 0, 30), piece(2, 36, 60, y=112.0), piece(3, 36, 60, y=103.0)]
    assert link(pieces) == {1: 1, 2: 2, 3: 1}


def test_two_who_cross_while_hidden_keep_their_ways() -> None:
    right, left = {"speed": 60.0}, {"speed": -60.0, "start": 400.0}
    pieces = [
        piece(1, 0, 25, **right), piece(2, 0, 25, **left),
        piece(3, 35, 60, **left), piece(4, 35, 60, **right),
    ]  # fmt: skip
    assert link(pieces) == {1: 1, 2: 2, 3: 2, 4: 1}


def test_a_piece_of_a_single_box_is_a_piece() -> None:
    assert link([piece(1, 5, 5, speed=0.0), piece(2, 8, 8, speed=0.0)]) == {1: 1, 2: 1}


def test_a_short_piece_goes_on_with_the_first_boxes_of_the_next() -> None:
    short, long = piece(1, 0, 2), piece(2, 5, 60)
    short.join(long)
    assert [round(sample[0] * RATE) for sample in short.head] == [0, 1, 2, *range(5, 12)]
    assert [round(sample[0] * RATE) for sample in short.tail] == list(range(51, 61))


def test_nothing_gives_nothing() -> None:
    assert link([]) == {}


def test_ends_hold_ten_boxes_however_long_the_track() -> None:
    ends = Ends()
    for frame in range(1000):
        box = np.array([[frame, 0, frame + 10, 20]], np.float32)
        one = np.ones(1, np.float32)
        ends.add(
            frame / RATE, TrackedDetections(box, one, np.zeros(1, np.int32), np.ones(1, np.int32))
        )
    (only,) = ends.pieces.values()
    assert len(only.head) == len(only.tail) == 10
    assert only.tail[-1] == (99.9, 1004.0, 10.0, 20.0)
