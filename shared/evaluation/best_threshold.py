"""The score from which a model's boxes are best believed: where F1 is highest.

F1, the harmonic mean of precision and recall, is 1 - E of van Rijsbergen with both weighing alike
(Information Retrieval, 2nd edition 1979, chapter 7).
"""

import math
from collections.abc import Sequence

import numpy as np

from shared.evaluation.matching import ClassMatches

_STEPS = 1000


def best_threshold(matches: Sequence[ClassMatches]) -> float | None:
    """The score with the highest F1 at IoU 0.5 over all boxes of these classes together.

    Of scores that are equally good the highest; rounded down to three decimals, so that the box
    that it was taken from still counts.

    Returns:
        0 to 1; None where no box is right, so that no score is better than another.
    """
    labelled = sum(int(each.truth.sum()) for each in matches)
    score = np.concatenate([np.empty(0), *(each.score for each in matches)])
    right = np.concatenate([np.empty(0, np.bool_), *(_right(each) for each in matches)])
    if not right.any():
        return None
    order = np.argsort(-score, kind="stable")
    score, hits = score[order], right[order].cumsum()
    # Boxes of one score pass together.
    last = np.flatnonzero(np.append(np.diff(score) != 0, True))
    f1 = 2 * hits[last] / (last + 1 + labelled)
    return math.floor(float(score[last[f1.argmax()]]) * _STEPS) / _STEPS


def _right(matches: ClassMatches) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Which of its boxes are right at IoU 0.5."""
    right = np.zeros(len(matches.score), np.bool_)
    right[matches.hits[0]] = True
    return right
