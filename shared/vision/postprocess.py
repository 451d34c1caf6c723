"""From a network's raw output to boxes: decode, filter, suppress."""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import Detections
from shared.domain.model import ModelManifest
from shared.errors import ModelError

MAX_BOXES = 300
_MOST_CANDIDATES = 3000  # bounds suppression where a broken model likes everything
_STRIDES = (8, 16, 32)

Array = NDArray[np.float32]
Candidates = tuple[Array, Array, NDArray[np.int32]]


def decode_output(
    output: Array, manifest: ModelManifest, *, size: tuple[int, int], iou: float,
    min_score: float = 0.05,
) -> Detections:  # fmt: skip
    """Boxes of one picture, best first, 300 at most.

    Suppression does not look at classes: one place holds one object, and a subject whose class
    flickers must not become two tracks. Equal scores keep the output's order.

    Args:
        output: float32, one picture of the batch: `raw` (4+C, A) centre boxes and class scores;
            `end2end` (N, 6) corner boxes, score, class, suppressed by the network; `grid`
            (A, 5+C) offsets, objectness and class scores (YOLOX, arXiv 2107.08430).
        size: height and width of the input that was used, in pixels.
        iou: boxes that overlap a better one by more than this are dropped.
        min_score: least score that is kept.

    Returns:
        Boxes in pixels of the network's input, not clipped to it.

    Raises:
        ModelError: `model_does_not_fit`: the output is not what the manifest says.
    """
    _check_shape(output, manifest, size)
    if manifest.decoding == "raw":
        found = _raw(output, min_score)
    elif manifest.decoding == "end2end":
        found = _end2end(output, manifest, min_score)
    else:
        found = _grid(output, size, min_score)
    boxes = _best_first(found)
    if manifest.decoding != "end2end" and len(boxes) > 1:
        boxes = boxes[_survivors(boxes, iou)]
    return boxes[np.arange(min(len(boxes), MAX_BOXES))]


def _check_shape(output: Array, manifest: ModelManifest, size: tuple[int, int]) -> None:
    classes = len(manifest.classes)
    expected = {
        "raw": (4 + classes, None),
        "end2end": (None, 6),
        "grid": (len(_cells(*size)[0]), 5 + classes),
    }[manifest.decoding]
    pairs = zip(output.shape, expected, strict=False)
    if output.ndim != 2 or any(axis not in (None, length) for length, axis in pairs):
        raise ModelError(
            "model_does_not_fit",
            f"Model {manifest.label} gave an output of shape {output.shape} instead of "
            f"{expected} for {classes} classes and {manifest.decoding!r}; correct its manifest.",
        )


def _raw(output: Array, min_score: float) -> Candidates:
    scores = output[4:]
    best = scores.max(axis=0)
    kept = np.flatnonzero(best >= min_score)
    # Which class it was is asked for the few kept boxes only: argmax is slower than max.
    classes = scores[:, kept].argmax(axis=0).astype(np.int32)
    return _corners(output[:4, kept].T), best[kept], classes


def _end2end(output: Array, manifest: ModelManifest, min_score: float) -> Candidates:
    rows = output[output[:, 4] >= min_score]
    known = (rows[:, 5] >= 0) & (rows[:, 5] < len(manifest.classes))
    if not known.all():
        raise ModelError(
            "model_does_not_fit",
            f"Model {manifest.label} found class {rows[~known][0, 5]:g} but its manifest names "
            f"{len(manifest.classes)} classes; correct its manifest.",
        )
    return rows[:, :4], rows[:, 4], rows[:, 5].astype(np.int32)


def _grid(output: Array, size: tuple[int, int], min_score: float) -> Candidates:
    cells, strides = _cells(*size)
    # Class scores are at most 1, so a box's score is at most its objectness.
    likely = np.flatnonzero(output[:, 4] >= min_score)
    scores = output[likely, 5:] * output[likely, 4:5]
    best = scores.max(axis=1)
    passed = best >= min_score
    kept = likely[passed]
    centre = (output[kept, :2] + cells[kept]) * strides[kept]
    with np.errstate(over="ignore"):  # an infinite box is dropped below
        sides = np.exp(output[kept, 2:4]) * strides[kept]
    boxes = _corners(np.concatenate([centre, sides], axis=1))
    return boxes, best[passed], scores[passed].argmax(axis=1).astype(np.int32)


@lru_cache(maxsize=8)
def _cells(height: int, width: int) -> tuple[Array, Array]:
    """Column and row (A, 2) and stride (A, 1) of each output row, finest stride first."""
    cells, strides = [], []
    for stride in _STRIDES:
        rows, columns = np.mgrid[: height // stride, : width // stride]
        cells.append(np.stack([columns.ravel(), rows.ravel()], axis=1))
        strides.append(np.full((rows.size, 1), stride))
    joined = [np.concatenate(part).astype(np.float32) for part in (cells, strides)]
    for part in joined:
        part.setflags(write=False)
    return joined[0], joined[1]


def _corners(boxes: Array) -> Array:
    """(N, 4) centre x, centre y, width, height to left, top, right, bottom."""
    half = boxes[:, 2:] / 2
    return np.concatenate([boxes[:, :2] - half, boxes[:, :2] + half], axis=1)


def _best_first(found: Candidates) -> Detections:
    """Sorted by score, then by place in the output; boxes without an area are left out."""
    xyxy, score, class_id = found
    sound = np.isfinite(xyxy).all(axis=1) & (xyxy[:, 2:] > xyxy[:, :2]).all(axis=1)
    kept = np.flatnonzero(sound)
    order = kept[np.argsort(-score[kept], kind="stable")][:_MOST_CANDIDATES]
    return Detections(np.ascontiguousarray(xyxy[order]), score[order], class_id[order])


def _survivors(boxes: Detections, iou: float) -> NDArray[np.intp]:
    """Rows that no better kept row overlaps by more than `iou`; greedy, boxes best first."""
    corners = boxes.xyxy.astype(np.float64)
    corners[:, 2:] -= corners[:, :2]
    # OpenCV reads lists faster than arrays here. Its sort is stable, so the order stays.
    kept = cv2.dnn.NMSBoxes(corners.tolist(), boxes.score.tolist(), 0.0, iou)
    return np.asarray(kept, np.intp).ravel()
