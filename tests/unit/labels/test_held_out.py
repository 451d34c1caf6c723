"""What a model is measured on is never trained on: not now, not in a later round."""

import hashlib
from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidInputError
from shared.labels.held_out import SHARE, held_out_frames, picture_held_out, stretch_of

HASHES = st.binary(min_size=32, max_size=32).map(bytes.hex)
KNOWN = {
    "0" * 64: [(0, 3), (36, 43), (124, 139), (204, 235), (492, 555), (1004, 1131), (1260, 1515)],
    "1" * 64: [(16, 19), (36, 43), (60, 75), (172, 203), (364, 427), (1004, 1131), (1260, 1515)],
}
KNOWN_PICTURES = [4, 5, 14, 15, 19, 20, 22, 23, 24, 29, 31, 33, 34, 35, 37, 38]


def _sha(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def test_what_was_measured_on_stays_so() -> None:
    """Changing any of these would train on what was measured."""
    for sha256, stretches in KNOWN.items():
        assert _stretches(sha256, 2540) == stretches
    assert [n for n in range(40) if picture_held_out(_sha(n))] == KNOWN_PICTURES


def _stretches(sha256: str, frames: int) -> list[tuple[int, int]]:
    """First and last frame of each held-out stretch."""
    held = np.flatnonzero(held_out_frames(sha256, range(frames))).tolist()
    groups = groupby(held, key=stretch_of)
    return [(own[0], own[-1]) for own in (list(group) for _, group in groups)]


@settings(deadline=None, max_examples=50)
@given(HASHES, st.integers(20, 6000), st.data())
def test_a_frame_does_not_care_for_its_company(sha: str, frames: int, data: st.DataObject) -> None:
    whole = held_out_frames(sha, range(frames))
    some = data.draw(st.lists(st.integers(0, frames - 1), max_size=20))
    assert held_out_frames(sha, some).tolist() == whole[some].tolist()


@settings(deadline=None, max_examples=50)
@given(HASHES, st.integers(17, 6000))
def test_every_video_but_the_shortest_gives_both_kinds(sha: str, frames: int) -> None:
    held = held_out_frames(sha, range(frames))
    assert held.any()
    assert not held.all()


@settings(deadline=None, max_examples=20)
@given(HASHES)
def test_a_long_video_gives_its_share(sha: str) -> None:
    assert held_out_frames(sha, range(20_000)).mean() == pytest.approx(SHARE, abs=0.02)


def test_short_videos_give_it_on_average() -> None:
    for frames in (5, 30, 100, 450):
        shares = [held_out_frames(_sha(n), range(frames)).mean() for n in range(1000)]
        assert np.mean(shares) == pytest.approx(SHARE, abs=0.04)


@settings(deadline=None, max_examples=50)
@given(HASHES, st.integers(0, 10_000))
def test_frames_of_a_stretch_stay_together(sha: str, first: int) -> None:
    ordinals = range(first, first + 600)
    held = held_out_frames(sha, ordinals)
    stretches = np.array([stretch_of(ordinal) for ordinal in ordinals])
    assert (np.diff(stretches) >= 0).all()
    assert (np.diff(stretches) <= 1).all()
    for stretch in np.unique(stretches):
        assert len(np.unique(held[stretches == stretch])) == 1


def test_stretches_grow_and_then_stay_as_they_are() -> None:
    stretches = [stretch_of(ordinal) for ordinal in range(6000)]
    lengths = [len(list(group)) for _, group in groupby(stretches)]
    grown = [length for length in (4, 8, 16, 32, 64, 128) for _ in range(5)]
    assert lengths[: len(grown)] == grown
    assert set(lengths[len(grown) : -1]) == {256}


def test_lone_pictures_are_held_out_one_by_one() -> None:
    share = np.mean([picture_held_out(_sha(n)) for n in range(4000)])
    assert share == pytest.approx(SHARE, abs=0.02)


@pytest.mark.parametrize("sha256", ["", "a" * 63, "A" * 64, "z" * 64, "a" * 64 + "\n"])
def test_what_is_no_hash_is_refused(sha256: str) -> None:
    for ask in (lambda: held_out_frames(sha256, [1]), lambda: picture_held_out(sha256)):
        with pytest.raises(InvalidInputError) as refusal:
            ask()
        assert refusal.value.code == "bad_sha256"


def test_there_is_nothing_before_the_first_frame() -> None:
    with pytest.raises(ValueError, match="before the first"):
        held_out_frames("0" * 64, [-1])
