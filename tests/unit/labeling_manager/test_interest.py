"""Frames differ in how much a person's look at them would settle."""

import numpy as np
import pytest

from shared.domain.detection import Detections
from workers.labeling_manager.interest import change, doubt

CONFIDENCE = 0.4


def _boxes(*rows: tuple[float, float, int]) -> Detections:
    """(left, score, class) each."""
    lefts = np.array([left for left, _, _ in rows], np.float32)
    xyxy = np.stack([lefts, lefts * 0, lefts + 10, lefts * 0 + 10], axis=1)
    return Detections(
        xyxy, np.array([score for _, score, _ in rows], np.float32),
        np.array([class_id for _, _, class_id in rows], np.int32),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("score", "expected"), [(0.4, 1.0), (0.3, 0.5), (0.5, 0.5), (0.2, 0.0), (0.6, 0.0), (0.9, 0.0)]
)
def test_doubt_is_nearness_to_the_threshold(score: float, expected: float) -> None:
    assert doubt(_boxes((0, score, 0)), CONFIDENCE) == pytest.approx(expected, abs=1e-6)


def test_every_doubtful_box_adds_and_a_crowd_of_weak_ones_does_not() -> None:
    assert doubt(_boxes((0, 0.4, 0), (50, 0.4, 0)), CONFIDENCE) == pytest.approx(2)
    assert doubt(_boxes(*[(n, 0.1, 0) for n in range(100)]), CONFIDENCE) == 0
    assert doubt(Detections.empty(), CONFIDENCE) == 0


def test_a_subject_that_stays_changes_nothing() -> None:
    assert change(_boxes((0, 0.9, 0)), [_boxes((1, 0.8, 0)), _boxes((2, 0.9, 0))], CONFIDENCE) == 0


@pytest.mark.parametrize(
    ("neighbour", "singles"),
    [
        (Detections.empty(), 1),
        (_boxes((0, 0.3, 0)), 1),
        (_boxes((0, 0.9, 1)), 2),
        (_boxes((8, 0.9, 0)), 2),
        (_boxes((0, 0.9, 0), (50, 0.9, 0)), 1),
    ],
    ids=["gone", "below the threshold", "another class", "elsewhere", "one more"],
)
def test_what_does_not_match_counts(neighbour: Detections, singles: int) -> None:
    assert change(_boxes((0, 0.9, 0)), [neighbour], CONFIDENCE) == singles
    still = _boxes((0, 0.9, 0))
    assert change(_boxes((0, 0.9, 0)), [neighbour, still], CONFIDENCE) == singles / 2


def test_a_frame_without_neighbours_changes_nothing() -> None:
    assert change(_boxes((0, 0.9, 0)), [], CONFIDENCE) == 0
