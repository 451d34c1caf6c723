"""The threshold with the best F1 is the one that trying every score finds."""

import numpy as np
import pytest

from shared.domain.detection import Detections
from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.evaluation.best_threshold import best_threshold
from shared.evaluation.matching import ClassMatches, Measured, match
from tests.support.found_boxes import found_in, labelled_pictures


def _f1(matches: tuple[ClassMatches, ...], threshold: float) -> float:
    kept = sum(int((each.score >= threshold).sum()) for each in matches)
    right = sum(int((each.score[each.hits[0]] >= threshold).sum()) for each in matches)
    return 2 * right / (kept + sum(int(each.truth.sum()) for each in matches))


@pytest.mark.parametrize("seed", range(8))
def test_no_other_score_is_better(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = labelled_pictures(random, 20)
    found = found_in(labels, random, shake=6, missed=0.2)
    matches = match(labels, found, labels.classes)
    best = best_threshold(matches)
    assert best is not None
    others = np.arange(50, 901) / 1000
    assert _f1(matches, best) == pytest.approx(max(_f1(matches, each) for each in others))


def _two_boxes(*scores: float) -> tuple[ClassMatches, ...]:
    """Two labelled boxes of one picture, found as they are with these scores."""
    boxes = [(10.0, 10.0, 50.0, 50.0), (60.0, 60.0, 90.0, 90.0)]
    picture = LabelledPicture("a.jpg", (100, 100), tuple(LabelledBox(0, box) for box in boxes))
    found = Detections(
        np.array(boxes[: len(scores)], np.float32).reshape(-1, 4),
        np.array(scores, np.float32),
        np.zeros(len(scores), np.int32),
    )
    return match(Labels(("cat",), [picture]), Measured("a@1", ("cat",), [found]), ("cat",))


def test_the_box_that_it_was_taken_from_still_counts() -> None:
    best = best_threshold(_two_boxes(0.7004, 0.4007))
    assert best == 0.4


def test_a_model_may_be_sure_of_nothing() -> None:
    assert best_threshold(_two_boxes(0.0129, 0.0125)) == 0.012


def test_where_nothing_is_right_nothing_is_best() -> None:
    assert best_threshold(_two_boxes()) is None
    assert best_threshold(()) is None
