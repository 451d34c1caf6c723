"""Pieces of a video begin at keyframes and cover it."""

from itertools import pairwise

import numpy as np
import pytest

from shared.vision.frame_index import FrameIndex


def _index(frames: int, fps: float = 10, keyframe_every: int = 20) -> FrameIndex:
    ordinals = np.arange(frames)
    return FrameIndex(ordinals, ordinals / fps, ordinals % keyframe_every == 0, ordinals)


@pytest.mark.parametrize("frames", [1, 19, 20, 21, 1234])
def test_chunks_cover_every_frame_once_and_begin_at_keyframes(frames: int) -> None:
    index = _index(frames)
    chunks = index.cut(6.0)
    assert chunks[0].start == 0
    assert chunks[-1].stop == frames
    assert all(a.stop == b.start for a, b in pairwise(chunks))
    assert all(index.keyframe[chunk.start] for chunk in chunks)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))


def test_pieces_are_never_shorter_than_asked_for_so_their_number_is_bounded() -> None:
    day = _index(864_000)
    assert len(day.cut(day.duration_seconds / 500)) <= 500


def test_sparse_keyframes_make_one_chunk() -> None:
    assert len(_index(5000, keyframe_every=10_000).cut(1.0)) == 1


@pytest.mark.parametrize(
    ("frames", "count", "expected"),
    [
        (10, 1, [5]), (10, 2, [2, 7]), (10, 3, [1, 5, 8]), (4, 4, [0, 1, 2, 3]),
        (4, 9, [0, 1, 2, 3]), (1, 1, [0]), (10, 0, []),
    ],
)  # fmt: skip
def test_chosen_frames_are_evenly_spread(frames: int, count: int, expected: list[int]) -> None:
    assert _index(frames).spread(count) == expected


def test_no_frame_is_chosen_twice_in_a_long_video() -> None:
    chosen = _index(864_000).spread(10_000)
    assert len(set(chosen)) == 10_000
    assert len(set(np.diff(chosen))) <= 2


def test_frames_are_reached_from_the_keyframe_before_them() -> None:
    reached = list(_index(100).by_keyframe([0, 5, 19, 20, 61, 99]))
    assert reached == [(0, [0, 5, 19]), (20, [20]), (60, [61]), (80, [99])]
    assert list(_index(100).by_keyframe([])) == []
