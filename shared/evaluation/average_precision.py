"""Average precision as COCO defines it: precision at 101 recalls, over ten IoU thresholds.

https://cocodataset.org/#detection-eval; Lin et al. 2014, arXiv 1405.0312. Equal to pycocotools.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.evaluation.matching import ClassMatches

_RECALLS = np.linspace(0.0, 1.0, 101)

Weights = NDArray[np.int64]
Precisions = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ClassScore:
    """Average precision of one class, and how many labelled and found boxes it rests on."""

    ap50: float
    ap50_95: float
    labelled: int
    found: int


@dataclass(frozen=True, slots=True)
class Scores:
    """Means over the classes of which any box is labelled, each 0 to 1."""

    map50: float
    map50_95: float
    classes: Mapping[str, ClassScore]


def score(matches: Sequence[ClassMatches]) -> Scores | None:
    """The scores of a model; None where no box is labelled, so that there is nothing to score."""
    classes = {}
    for each in matches:
        if labelled := int(each.truth.sum()):
            (found,) = average_precisions(each, np.ones((1, len(each.truth)), np.int64))
            classes[each.name] = ClassScore(
                float(found[0]), float(found.mean()), labelled, len(each.picture)
            )
    if not classes:
        return None
    return Scores(
        float(np.mean([each.ap50 for each in classes.values()])),
        float(np.mean([each.ap50_95 for each in classes.values()])),
        classes,
    )


def mean_average_precisions(matches: Sequence[ClassMatches], weights: Weights) -> Precisions:
    """mAP50-95 (R,) for each of R ways to count the pictures; 0 where no box is labelled.

    Args:
        weights: see `average_precisions`.
    """
    total, classes = np.zeros(len(weights)), np.zeros(len(weights), np.int64)
    for each in matches:
        total += average_precisions(each, weights).mean(axis=1)
        classes += weights @ each.truth > 0
    return total / np.maximum(classes, 1)


def average_precisions(matches: ClassMatches, weights: Weights) -> Precisions:
    """Average precision (R, 10) at each IoU threshold; 0 where no box is labelled.

    Args:
        weights: int64 (R, P): how often each picture counts, as if it were there so many times.
    """
    labelled = np.maximum(weights @ matches.truth, 1)[:, None]
    each = weights[:, matches.picture]
    seen = np.maximum(each.cumsum(axis=1), 1)
    columns = [_area(each[:, h].cumsum(axis=1), seen[:, h], labelled) for h in matches.hits]
    return np.stack(columns, axis=1)


def _area(right: Weights, seen: Weights, labelled: Weights) -> Precisions:
    """Mean over the recalls of the best precision at that recall or a higher one, (R,).

    Args:
        right, seen: int64 (R, H): right boxes, and all boxes, up to each right one. Precision
            falls between two right ones, so nothing in between can be the best.
        labelled: int64 (R, 1).
    """
    best = np.maximum.accumulate((right / seen)[:, ::-1], axis=1)[:, ::-1]
    reached = np.searchsorted(_RECALLS, right / labelled, side="right")
    newly = np.diff(reached, axis=1, prepend=0)
    return np.asarray((best * newly).sum(axis=1) / len(_RECALLS), np.float64)
