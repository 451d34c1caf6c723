"""Which boxes of a model are right, decided once for all that is computed from it later.

As in COCO (https://cocodataset.org/#detection-eval; `evaluateImg` of pycocotools): class by class,
the best hundred boxes of a picture take, best first, the labelled box that they overlap most among
those that are still free, at each of ten IoU thresholds for itself.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import Detections
from shared.domain.label import Labels

THRESHOLDS = np.linspace(0.5, 0.95, 10)
"""IoU from which a box is right."""
MOST_FOUND = 100
"""Boxes of one class in one picture that count."""

Boxes = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a model found in the pictures of a set of labels.

    Attributes:
        label: `name@version`.
        classes: the model's own; class ids of `found` count in them.
        found: the boxes of each picture, in the order of the labels' pictures, in its pixels.
    """

    label: str
    classes: tuple[str, ...]
    found: Sequence[Detections]


@dataclass(frozen=True, slots=True)
class ClassMatches:
    """N boxes of one class found in P pictures, best first; equal scores in the pictures' order.

    Attributes:
        truth: int64 (P,): labelled boxes in each picture.
        picture: int64 (N,): where each box was found.
        score: float64 (N,): of each box.
        hits: for each threshold int64 (H,): which of the N boxes are right, ascending.
    """

    name: str
    truth: NDArray[np.int64]
    picture: NDArray[np.int64]
    score: NDArray[np.float64]
    hits: tuple[NDArray[np.int64], ...]


def match(labels: Labels, measured: Measured, classes: Iterable[str]) -> tuple[ClassMatches, ...]:
    """Match what was found with what is labelled, for each of these classes, by name.

    Args:
        classes: names that both the labels and the model know.

    Raises:
        ValueError: there are not as many pictures as results, or a class is not known.
    """
    if len(labels.pictures) != len(measured.found):
        raise ValueError(f"{len(measured.found)} results for {len(labels.pictures)} pictures")
    return tuple(
        _match_class(name, _labelled(labels, name), measured, measured.classes.index(name))
        for name in classes
    )


def _labelled(labels: Labels, name: str) -> list[Boxes]:
    """The boxes of this class in each picture, (G, 4)."""
    wanted = labels.classes.index(name)
    each = ([b.xyxy for b in picture.boxes if b.class_id == wanted] for picture in labels.pictures)
    return [np.array(boxes, np.float64).reshape(-1, 4) for boxes in each]


def _match_class(
    name: str, truth: Sequence[Boxes], measured: Measured, class_id: int
) -> ClassMatches:
    scores, pictures, hits = [np.empty(0)], [np.empty(0, np.int64)], [_no_hits(0)]
    for place, (there, found) in enumerate(zip(truth, measured.found, strict=True)):
        own = np.flatnonzero(found.class_id == class_id)
        own = own[np.argsort(-found.score[own], kind="stable")][:MOST_FOUND]
        scores.append(found.score[own].astype(np.float64))
        pictures.append(np.full(len(own), place))
        hits.append(_hits(found.xyxy[own].astype(np.float64), there))
    score = np.concatenate(scores)
    order = np.argsort(-score, kind="stable")
    hit = np.concatenate(hits, axis=1)[:, order]
    return ClassMatches(
        name,
        np.array([len(there) for there in truth], np.int64),
        np.concatenate(pictures)[order],
        score[order],
        tuple(np.flatnonzero(row) for row in hit),
    )


def _hits(found: Boxes, truth: Boxes) -> NDArray[np.bool_]:
    """(10, D): whether each box, best first, takes a labelled one at each threshold."""
    hit, every = _no_hits(len(found)), np.arange(len(THRESHOLDS))
    if not len(found) or not len(truth):
        return hit
    overlap = overlaps(found, truth)
    free = np.ones((len(THRESHOLDS), len(truth)), np.bool_)
    for box in np.flatnonzero(overlap.max(axis=1) >= THRESHOLDS[0]):
        fits = np.where(free & (overlap[box] >= THRESHOLDS[:, None]), overlap[box], -1.0)
        # Of equal overlaps the last one, as COCO's loop takes it.
        best = len(truth) - 1 - fits[:, ::-1].argmax(axis=1)
        taken = fits[every, best] >= 0
        hit[taken, box] = True
        free[every[taken], best[taken]] = False
    return hit


def _no_hits(boxes: int) -> NDArray[np.bool_]:
    return np.zeros((len(THRESHOLDS), boxes), np.bool_)


def overlaps(first: Boxes, second: Boxes) -> Boxes:
    """IoU (D, G) of boxes (D, 4) and (G, 4) as left, top, right, bottom; 0 without an area."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    shared = np.maximum(high - low, 0).prod(axis=2)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None, :] - shared
    result: Boxes = np.divide(shared, union, out=np.zeros_like(shared), where=shared > 0)
    return result
