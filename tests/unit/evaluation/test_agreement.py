"""Two runs of one model agree where they find the same boxes, and only there."""

from dataclasses import replace

import numpy as np
import pytest

from shared.domain.detection import Detections
from shared.evaluation.agreement import agreement
from shared.evaluation.matching import Measured

BOXES = np.array([[0, 0, 100, 100], [200, 0, 300, 100], [0, 200, 100, 300]], np.float32)


def _run(
    shift: float = 0, score: float = 0, classes: tuple[int, ...] = (0, 1, 0), rows: int = 3
) -> Measured:
    found = Detections(
        BOXES[:rows] + np.float32(shift),
        np.array([0.9, 0.5, 0.06], np.float32)[:rows] - np.float32(score),
        np.array(classes, np.int32)[:rows],
    )
    return Measured("a@1", ("cat", "dog"), [found, Detections.empty()])


def test_the_same_boxes_agree() -> None:
    same = agreement(_run(), _run(shift=0.1, score=0.0005))
    assert (same.compared, same.paired, same.share) == (6, 6, 1.0)
    assert 0.99 < same.least_iou < 1
    assert same.score_difference == pytest.approx(0.0005, abs=1e-6)


@pytest.mark.parametrize(
    ("other", "paired"),
    [
        (_run(shift=2), 0),  # IoU 0.92
        (_run(score=0.002), 0),
        (_run(classes=(0, 0, 0)), 4),
        (_run(rows=2), 4),
    ],
)
def test_what_differs_is_counted_whichever_run_has_it(other: Measured, paired: int) -> None:
    for same in (agreement(_run(), other), agreement(other, _run())):
        assert same.paired == paired
        assert same.share < 0.999


def test_a_box_that_nobody_shares_is_no_difference_of_scores() -> None:
    same = agreement(_run(), _run(rows=2))
    assert (same.compared, same.least_iou, same.score_difference) == (5, 0.0, 0.0)


def test_a_box_just_below_the_noise_pairs_with_one_just_above() -> None:
    same = agreement(_run(), _run(score=0.0101), score=0.02)
    assert (same.compared, same.paired) == (5, 5)


def test_runs_without_boxes_agree() -> None:
    assert agreement(_run(rows=0), _run(rows=0)).share == 1.0


def test_runs_of_models_that_know_other_classes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="not the same classes"):
        agreement(_run(), replace(_run(), classes=("dog", "cat")))
