"""Whether two ways to run one model find the same boxes."""

from dataclasses import dataclass

import numpy as np

from shared.domain.detection import Detections
from shared.evaluation.matching import Measured, overlaps

COUNTED_FROM = 0.05
"""Score below which a box is noise that a rounding may drop."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far the boxes of two runs are the same.

    Attributes:
        compared: boxes that count, of both runs together.
        paired: those of them that the other run has as well.
        least_iou: of a box with the one of its class that it overlaps most in the other run; 0
            where there is none; 1 without boxes.
        score_difference: the largest one of two such boxes.
    """

    compared: int
    paired: int
    least_iou: float
    score_difference: float

    @property
    def share(self) -> float:
        """Of the boxes that are paired; 1 without boxes."""
        return self.paired / self.compared if self.compared else 1.0


def agreement(
    first: Measured, second: Measured, *, iou: float = 0.99, score: float = 1e-3
) -> Agreement:
    """Look for each box that counts in the other run, picture by picture.

    Two boxes are a pair where class and picture are the same, IoU is at least `iou` and the scores
    differ by `score` at most. Suppression leaves no two of one class that could both be it.

    Raises:
        ValueError: they know other classes, or there are not as many pictures.
    """
    if first.classes != second.classes:
        raise ValueError(f"{first.classes} and {second.classes} are not the same classes")
    best, apart = [np.empty(0)], [np.empty(0)]
    for one, other in zip(first.found, second.found, strict=True):
        for there, here in ((one, other), (other, one)):
            overlap, difference = _nearest(there, here)
            best.append(overlap)
            apart.append(difference)
    overlap, difference = np.concatenate(best), np.concatenate(apart)
    met = difference[overlap > 0]
    return Agreement(
        len(overlap),
        int(((overlap >= iou) & (difference <= score)).sum()),
        float(overlap.min(initial=1.0)),
        float(met.max(initial=0.0)),
    )


def _nearest(
    boxes: Detections, others: Detections
) -> "tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...]":
    """IoU (N,) of each box that counts with the nearest one of its class, and how far the scores
    are apart: 1 where there is none.
    """
    counted = boxes[boxes.score >= COUNTED_FROM]
    if not len(counted) or not len(others):
        return np.zeros(len(counted)), np.ones(len(counted))
    overlap = overlaps(counted.xyxy.astype(np.float64), others.xyxy.astype(np.float64))
    overlap *= counted.class_id[:, None] == others.class_id[None, :]
    nearest = overlap.argmax(axis=1)
    found = overlap[np.arange(len(counted)), nearest]
    difference = np.abs(counted.score.astype(np.float64) - others.score[nearest])
    return found, np.where(found > 0, difference, 1.0)
