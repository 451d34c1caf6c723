"""What is painted when."""

import numpy as np

from shared.domain.detection import TrackedDetections
from shared.vision.colours import TRACK_COLOURS, ColourSpace
from shared.vision.draw import Planes
from shared.vision.track_overlay import HISTORY_SECONDS, TrackOverlay, foot_points

SPACE = ColourSpace(0.299, 0.114, full_range=False)
FPS = 25


def subject(ordinal: int, track_id: int = 1) -> TrackedDetections:
    """A box that moves right by 3 pixels a frame and trembles."""
    left = 20 + 3 * ordinal + ordinal % 3
    return TrackedDetections(
        xyxy=np.array([[left, 60, left + 30, 140]], np.float32),
        score=np.array([0.9], np.float32),
        class_id=np.array([0], np.int32),
        track_id=np.array([track_id], np.int32),
    )


def blank() -> Planes:
    return Planes(
        np.full((240, 480), 90, np.uint8),
        np.full((120, 240), 128, np.uint8),
        np.full((120, 240), 128, np.uint8),
    )


def painted(overlay: TrackOverlay, seconds: float) -> Planes:
    planes = blank()
    overlay.paint(planes, seconds)
    return planes


def test_the_past_beyond_the_history_does_not_show() -> None:
    """So a piece that begins later paints the same."""
    first = 100 - int(HISTORY_SECONDS * FPS) - 1
    whole, piece = (TrackOverlay(240, ["person"], SPACE) for _ in range(2))
    for ordinal in range(101):
        whole.observe(ordinal / FPS, subject(ordinal))
        if ordinal >= first:
            piece.observe(ordinal / FPS, subject(ordinal))
    for one, other in zip(painted(whole, 4.0), painted(piece, 4.0), strict=True):
        assert np.array_equal(one, other)


def test_a_trail_is_behind_the_subject_and_ends_at_its_feet() -> None:
    overlay = TrackOverlay(240, ["person"], SPACE)
    for ordinal in range(51):
        overlay.observe(ordinal / FPS, subject(ordinal))
    luma = painted(overlay, 2.0).y
    assert luma[138:142, 60:150].max() > 100
    assert (luma[150:] == 90).all()
    assert (luma[70:, 240:] == 90).all()


def test_a_trail_fades_away_after_the_subject_left() -> None:
    overlay = TrackOverlay(240, ["person"], SPACE)
    for ordinal in range(26):
        overlay.observe(ordinal / FPS, subject(ordinal))
    overlay.hide()
    assert painted(overlay, 1.04).y.max() > 100
    assert (painted(overlay, 3.1).y == 90).all()


def test_hiding_takes_the_boxes_away() -> None:
    overlay = TrackOverlay(240, ["person"], SPACE)
    overlay.observe(0.0, subject(0))
    colour = SPACE.yuv(TRACK_COLOURS[0])
    assert painted(overlay, 0.0).y[100, 20] == colour.y
    overlay.hide()
    assert (painted(overlay, 0.0).y == 90).all()


def test_a_label_stays_inside_the_frame() -> None:
    overlay = TrackOverlay(240, ["a subject with a very long name" * 4], SPACE)
    overlay.observe(0.0, subject(150))
    assert painted(overlay, 0.0).y.shape == (240, 480)


def test_ids_beyond_the_palette_begin_it_again() -> None:
    overlay = TrackOverlay(240, ["person"], SPACE)
    overlay.observe(0.0, subject(0, track_id=len(TRACK_COLOURS) + 1))
    assert painted(overlay, 0.0).y[100, 20] == SPACE.yuv(TRACK_COLOURS[0]).y


def test_feet_are_in_the_middle_of_the_lower_side() -> None:
    assert foot_points(np.array([[10, 20, 30, 60]], np.float32)).tolist() == [[20, 60]]
