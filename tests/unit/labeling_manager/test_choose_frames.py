"""Whoever labels sees all of the video, what the model doubts first, and nothing twice."""

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from workers.labeling_manager.choose_frames import Candidates, choose_frames

RATE = 10.0


def _video(
    frames: int, *, seed: int = 0, looks: int | None = None, held: bool = False
) -> Candidates:
    """Frames a tenth of a second apart, of so many looks (each its own); every fifth held out."""
    random = np.random.default_rng(seed)
    pictures = random.integers(0, 256, (looks or frames, 1024), np.uint8)
    ordinal = np.arange(frames, dtype=np.int64)
    return Candidates(
        ordinal, ordinal / RATE, pictures[ordinal * len(pictures) // max(frames, 1)],
        random.random(frames) * 4, random.integers(0, 5, frames) * 0.5,
        ordinal % 5 == 3 if held else np.zeros(frames, np.bool_),
    )  # fmt: skip


def _apart(candidates: Candidates, rows: np.ndarray) -> int:
    """The least that any two chosen pictures differ by, beyond 16 grey levels a cell."""
    chosen = candidates.signature[rows].astype(int)
    pairs = combinations(chosen, 2)
    return min((np.maximum(np.abs(a - b) - 16, 0).sum() for a, b in pairs), default=64)


@settings(deadline=None, max_examples=60)
@given(
    frames=st.integers(0, 80), looks=st.integers(1, 80), count=st.integers(0, 30),
    seed=st.integers(0, 1000), held=st.booleans(),
)  # fmt: skip
def test_as_many_as_wanted_and_never_two_alike(
    frames: int, looks: int, count: int, seed: int, held: bool
) -> None:
    video = _video(frames, seed=seed, looks=looks, held=held)
    rows = choose_frames(video, count)
    assert rows.tolist() == sorted({*rows.tolist()})
    assert _apart(video, rows) >= 64
    assert len(rows) == min(count, len(np.unique(video.signature, axis=0)))
    assert choose_frames(video, count).tolist() == rows.tolist()


@settings(deadline=None, max_examples=60)
@given(frames=st.integers(30, 300), count=st.integers(4, 30), seed=st.integers(0, 1000))
def test_every_part_of_the_video_is_shown(frames: int, count: int, seed: int) -> None:
    video = _video(frames, seed=seed)
    chosen = video.seconds[choose_frames(video, count)]
    nearest = np.abs(video.seconds[:, None] - chosen[None, :]).min(axis=1)
    even = (video.seconds[-1] - video.seconds[0]) / (count - 1)
    assert nearest.max() <= 3 * even + 1e-9


def test_a_video_that_leaves_nothing_open_is_spread_evenly() -> None:
    video = _video(101)
    video = replace(video, doubt=np.zeros(101), change=np.zeros(101))
    assert choose_frames(video, 5).tolist() == [0, 25, 50, 75, 100]


def test_doubtful_and_changing_frames_come_before_the_others() -> None:
    for column in ("doubt", "change"):
        nothing = np.zeros(200)
        open_questions = np.where(np.arange(200) % 10 == 4, 3.0, 0.0)
        video = replace(_video(200), doubt=nothing, change=nothing)
        rows = choose_frames(replace(video, **{column: open_questions}), 16)
        assert (rows % 10 == 4).sum() >= 12
        assert (choose_frames(video, 16) % 10 == 4).sum() <= 6


def test_the_first_choice_is_what_the_model_doubts_most() -> None:
    doubts = np.zeros(50)
    doubts[7] = 1.0
    video = replace(_video(50), doubt=doubts, change=np.zeros(50))
    assert choose_frames(video, 1).tolist() == [7]


def test_where_nothing_moves_few_frames_are_enough() -> None:
    assert len(choose_frames(_video(300, looks=1), 20)) == 1
    still_then_busy = _video(300, looks=300)
    still_then_busy.signature[:200] = 80
    rows = choose_frames(still_then_busy, 20)
    assert len(rows) == 20
    assert (rows < 200).sum() == 1


def test_small_differences_everywhere_are_nothing_and_a_small_subject_is_something() -> None:
    video = _video(2)
    video.signature[:] = 100
    video.signature[1] += np.random.default_rng(0).integers(0, 17, 1024).astype(np.uint8)
    assert len(choose_frames(video, 2)) == 1
    video.signature[1, 500] = 200
    assert len(choose_frames(video, 2)) == 2
    video.signature[1] = 120  # a lamp is on
    assert len(choose_frames(video, 2)) == 2


def test_an_empty_video_gives_nothing() -> None:
    assert choose_frames(_video(0), 5).tolist() == []
    assert choose_frames(_video(5), 0).tolist() == []


@settings(deadline=None, max_examples=40)
@given(count=st.integers(2, 40), seed=st.integers(0, 1000))
def test_a_fifth_is_held_out_and_one_at_least(count: int, seed: int) -> None:
    video = _video(300, seed=seed, held=True)
    held = video.held_out[choose_frames(video, count)].sum()
    assert held == max(round(count / 5), 1)


def test_where_one_kind_has_too_few_frames_the_other_fills_up() -> None:
    video = _video(40, held=True)
    for kind in (np.arange(40) < 2, np.arange(40) >= 2):
        rows = choose_frames(replace(video, held_out=kind), 20)
        assert len(rows) == 20
    assert len(choose_frames(video, 100)) == 40


def test_what_is_held_out_is_not_chosen_for_its_doubt() -> None:
    video = _video(200, held=True)
    other = replace(video, doubt=video.doubt[::-1].copy(), change=video.change * 0)
    both = [choose_frames(each, 20) for each in (video, other)]
    first, second = ([row for row in rows if video.held_out[row]] for rows in both)
    assert first == second
    assert both[0].tolist() != both[1].tolist()
