"""How much a frame's boxes leave open: doubt within it, contradiction with its neighbours."""

from collections.abc import Sequence

import numpy as np

from shared.domain.detection import Detections
from shared.evaluation.matching import overlaps

_SAME = 0.5
"""IoU from which boxes of two neighbouring frames are one subject."""


def doubt(found: Detections, confidence: float) -> float:
    """Sum over the boxes of how near their scores lie to the threshold.

    A box at the threshold counts 1, one at half of it or as far above counts 0: it is clearly
    nothing, or clearly something.

    Args:
        found: boxes of one frame, those below the threshold too.
        confidence: score from which the model's word is taken, 0 to 1.
    """
    near = 1 - np.abs(found.score - confidence) / (confidence / 2)
    return float(np.maximum(near, 0).sum())


def change(found: Detections, neighbours: Sequence[Detections], confidence: float) -> float:
    """Boxes of a frame and of each neighbour that have no partner in the other one, on average.

    Partners have the same class and overlap by half. What comes and goes from frame to frame was
    missed, made up, or moves fast: all are worth a look.
    """
    if not neighbours:
        return 0.0
    own = _sure(found, confidence)
    return sum(_single(own, _sure(other, confidence)) for other in neighbours) / len(neighbours)


def _sure(found: Detections, confidence: float) -> Detections:
    return found[np.flatnonzero(found.score >= confidence)]


def _single(one: Detections, other: Detections) -> int:
    """Boxes of either without a partner in the other."""
    if not len(one) or not len(other):
        return len(one) + len(other)
    overlap = overlaps(one.xyxy.astype(np.float64), other.xyxy.astype(np.float64))
    partner = (overlap >= _SAME) & (one.class_id[:, None] == other.class_id[None, :])
    return int((~partner.any(axis=1)).sum() + (~partner.any(axis=0)).sum())
