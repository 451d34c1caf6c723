"""What was measured of a model and of the one that it would replace, kept whole in a file.

Who compares the two later, or looks for a threshold, computes it from the same boxes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pydantic import TypeAdapter, ValidationError

from shared.domain.detection import Detections
from shared.domain.label import Labels
from shared.domain.model import Thresholds
from shared.errors import PermanentError
from shared.evaluation.matching import Measured
from shared.storage.files import write_bytes

EVALUATION_FILE = "evaluation.json"
"""Its name in the folder of a training."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Both models on the same pictures, which neither was trained on.

    Attributes:
        labels: of the pictures that were held out; names lie below the dataset's `data/images`.
        new: what the trained model finds.
        old: what the model finds that it would replace; None where that cannot be measured.
        weights_sha256: of the model.pt that `new` is about.
        iou: of the non-maximum suppression that `new` was measured with, and is to serve with.
    """

    labels: Labels
    new: Measured
    old: Measured | None
    weights_sha256: str
    iou: float = Thresholds().iou


def write_evaluation(path: Path, evaluation: Evaluation) -> None:
    """Publish it as one line of JSON: boxes as columns, each number as exact as it is.

    Raises:
        TransientError: `disk_full`.
    """
    options = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE
    write_bytes(path, orjson.dumps(evaluation, default=_listed, option=options))


def read_evaluation(path: Path) -> Evaluation:
    """What `write_evaluation` was given.

    Raises:
        PermanentError: `bad_evaluation`: the file is not such a one.
    """
    try:
        stored = _READER.validate_json(path.read_bytes())
        old = None if stored.old is None else _restored(stored.old, stored.labels)
        new = _restored(stored.new, stored.labels)
    except (OSError, ValidationError, ValueError) as error:
        why = str(error).replace("\n", " ")[:200]
        raise PermanentError(
            "bad_evaluation", f"{path.name} cannot be read ({why}); train the model again."
        ) from error
    return Evaluation(stored.labels, new, old, stored.weights_sha256, stored.iou)


@dataclass(frozen=True, slots=True)
class _Boxes:
    xyxy: Sequence[tuple[float, float, float, float]]
    score: Sequence[float]
    class_id: Sequence[int]


@dataclass(frozen=True, slots=True)
class _Measured:
    label: str
    classes: tuple[str, ...]
    found: Sequence[_Boxes]


@dataclass(frozen=True, slots=True)
class _Stored:
    labels: Labels
    new: _Measured
    old: _Measured | None
    weights_sha256: str
    iou: float = Thresholds().iou


_READER = TypeAdapter(_Stored)


def _restored(stored: _Measured, labels: Labels) -> Measured:
    if len(stored.found) != len(labels.pictures):
        raise ValueError(f"{len(stored.found)} results for {len(labels.pictures)} pictures")
    found = [_detections(each, len(stored.classes)) for each in stored.found]
    return Measured(stored.label, stored.classes, found)


def _detections(boxes: _Boxes, classes: int) -> Detections:
    if not len(boxes.xyxy) == len(boxes.score) == len(boxes.class_id):
        raise ValueError("boxes, scores and classes differ in number")
    if any(not 0 <= each < classes for each in boxes.class_id):
        raise ValueError(f"a box is of none of the {classes} classes")
    return Detections(
        np.array(boxes.xyxy, np.float32).reshape(-1, 4),
        np.array(boxes.score, np.float32),
        np.array(boxes.class_id, np.int32),
    )


def _listed(array: Any) -> Any:
    """An array that is a part of another one: orjson writes whole ones only."""
    if isinstance(array, np.ndarray | np.generic):
        return array.tolist()
    raise TypeError(f"{type(array).__name__} has no place in a record")
