"""Average precision is COCO's: what pycocotools says, and what one can work out by hand."""

import contextlib
import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from shared.domain.detection import Detections
from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.evaluation.average_precision import Scores, average_precisions, score
from shared.evaluation.matching import Measured, match
from tests.support.found_boxes import found_in, labelled_pictures

CLASSES = ("cat", "dog")
WHOLE = (0.0, 0.0, 10.0, 10.0)


def _ours(labels: Labels, measured: Measured) -> Scores | None:
    return score(match(labels, measured, labels.classes))


def _reference(labels: Labels, measured: Measured) -> list[float]:
    """mAP50-95, mAP50, then AP50-95 of each class, by pycocotools; -1 where nothing is labelled."""
    truth = [
        {"image_id": place, "category_id": box.class_id, **_region(box.xyxy), "iscrowd": 0}
        for place, picture in enumerate(labels.pictures, start=1)
        for box in picture.boxes
    ]
    found = [
        {"image_id": place, "category_id": int(class_id), **_region(xyxy), "score": float(value)}
        for place, each in enumerate(measured.found, start=1)
        for xyxy, value, class_id in zip(each.xyxy, each.score, each.class_id, strict=True)
    ]
    coco, results = COCO(), COCO()
    for dataset, rows in ((coco, truth), (results, found)):
        dataset.dataset = {
            "images": [{"id": place} for place in range(1, len(labels.pictures) + 1)],
            "categories": [{"id": number} for number in range(len(labels.classes))],
            "annotations": [{**row, "id": number} for number, row in enumerate(rows, start=1)],
        }
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        results.createIndex()
        run = COCOeval(coco, results, "bbox")
        run.evaluate()
        run.accumulate()
    precision = run.eval["precision"][..., 0, 2]  # thresholds, recalls, classes; all sizes, 100
    every = [precision, precision[:1], *(precision[:, :, k] for k in range(len(labels.classes)))]
    return [float(part[part > -1].mean()) if (part > -1).any() else -1.0 for part in every]


def _region(xyxy: object) -> dict[str, object]:
    x1, y1, x2, y2 = np.asarray(xyxy, np.float64).tolist()
    return {"bbox": [x1, y1, x2 - x1, y2 - y1], "area": (x2 - x1) * (y2 - y1)}


def _assert_equal(labels: Labels, measured: Measured) -> None:
    expected, found = _reference(labels, measured), _ours(labels, measured)
    if found is None:
        assert expected[0] == -1
        return
    each = [found.classes[name].ap50_95 if name in found.classes else -1 for name in labels.classes]
    np.testing.assert_allclose([found.map50_95, found.map50, *each], expected, atol=1e-9, rtol=0)


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1), pictures=st.integers(1, 6), shake=st.floats(0, 15),
    missed=st.floats(0, 1), ghosts=st.integers(0, 6),
)  # fmt: skip
def test_agrees_with_pycocotools(
    seed: int, pictures: int, shake: float, missed: float, ghosts: int
) -> None:
    random = np.random.default_rng(seed)
    labels = labelled_pictures(random, pictures)
    _assert_equal(labels, found_in(labels, random, shake=shake, missed=missed, ghosts=ghosts))


def test_agrees_with_pycocotools_where_more_is_found_than_counts() -> None:
    random = np.random.default_rng(4)
    labels = labelled_pictures(random, 3, ("cat",), boxes=140)
    measured = found_in(labels, random, shake=2, missed=0, ghosts=60)
    assert max(len(found) for found in measured.found) > 150
    _assert_equal(labels, measured)


def _one(truth: list[tuple[float, ...]], *found: tuple[tuple[float, ...], float]) -> Scores:
    boxes = tuple(LabelledBox(0, xyxy) for xyxy in truth)  # type: ignore[arg-type]
    each = Detections(
        np.array([xyxy for xyxy, _ in found], np.float32).reshape(-1, 4),
        np.array([value for _, value in found], np.float32),
        np.zeros(len(found), np.int32),
    )
    labels = Labels(("cat",), [LabelledPicture("a.jpg", None, boxes)])
    result = _ours(labels, Measured("a@1", ("cat",), [each]))
    assert result is not None
    return result


def test_the_right_box_is_all_there_is() -> None:
    assert _one([WHOLE], (WHOLE, 0.4)).map50_95 == pytest.approx(1.0)


def test_nothing_found_is_worth_nothing() -> None:
    assert _one([WHOLE]).map50_95 == 0.0


def test_a_box_counts_up_to_the_overlap_that_it_has() -> None:
    # IoU 0.8: right at 0.50 to 0.80, seven of ten thresholds.
    assert _one([WHOLE], ((0, 0, 10, 8), 0.9)).map50_95 == pytest.approx(0.7)


def test_a_better_scored_box_that_is_wrong_halves_the_precision() -> None:
    wrong = ((50.0, 50.0, 60.0, 60.0), 0.9)
    assert _one([WHOLE], wrong, (WHOLE, 0.8)).map50 == pytest.approx(0.5)
    assert _one([WHOLE], wrong, (WHOLE, 0.95)).map50 == pytest.approx(1.0)


def test_a_second_box_on_one_subject_is_wrong() -> None:
    other = (30.0, 30.0, 40.0, 40.0)
    twice = _one([WHOLE, other], (WHOLE, 0.9), (WHOLE, 0.8), (other, 0.7))
    # Recall to 0.5 at precision 1 (51 of the 101 recalls), the rest at 2/3.
    assert twice.map50 == pytest.approx((51 + 50 * 2 / 3) / 101)


def test_classes_are_paired_by_name() -> None:
    random = np.random.default_rng(2)
    labels = labelled_pictures(random, 5)
    measured = found_in(labels, random)
    turned = [replace(each, class_id=1 - each.class_id) for each in measured.found]
    other = Measured("a@1", ("dog", "cat"), turned)
    assert _ours(labels, other) == _ours(labels, measured)


def test_a_class_that_nobody_labelled_is_not_part_of_the_mean() -> None:
    labels = Labels(CLASSES, [LabelledPicture("a.jpg", None, (LabelledBox(0, WHOLE),))])
    both = Detections(np.array([WHOLE, WHOLE], np.float32), np.ones(2, np.float32), np.arange(2))
    result = _ours(labels, Measured("a@1", CLASSES, [both]))
    assert result is not None
    assert (result.map50, list(result.classes)) == (1.0, ["cat"])


def test_without_a_labelled_box_there_is_no_score() -> None:
    labels = Labels(CLASSES, [LabelledPicture("a.jpg", None, ())])
    assert _ours(labels, Measured("a@1", CLASSES, [Detections.empty()])) is None


def test_results_of_other_pictures_are_refused() -> None:
    labels = labelled_pictures(np.random.default_rng(0), 3)
    with pytest.raises(ValueError, match="1 results for 3 pictures"):
        match(labels, Measured("a@1", CLASSES, [Detections.empty()]), CLASSES)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), pictures=st.integers(1, 8))
def test_a_weight_is_worth_as_many_copies(seed: int, pictures: int) -> None:
    random = np.random.default_rng(seed)
    labels = labelled_pictures(random, pictures)
    measured = found_in(labels, random)
    # No two scores alike: among equal ones, copies stand in another order.
    distinct = [replace(each, score=random.random(len(each)).astype(np.float32))
                for each in measured.found]  # fmt: skip
    places = random.integers(pictures, size=pictures)
    copies = Labels(labels.classes, [labels.pictures[place] for place in places])
    whole = match(labels, replace(measured, found=distinct), CLASSES)
    drawn = match(copies, replace(measured, found=[distinct[p] for p in places]), CLASSES)
    weights = np.stack([np.ones(pictures, int), np.bincount(places, minlength=pictures)])
    for one, other in zip(whole, drawn, strict=True):
        _, weighted = average_precisions(one, weights)
        (copied,) = average_precisions(other, weights[:1])
        np.testing.assert_allclose(weighted, copied, atol=1e-12, rtol=0)
