"""Run a detector over labelled pictures, the way it would run over a video."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.domain.label import LabelledPicture, Labels
from shared.domain.model import ModelManifest
from shared.evaluation.matching import Measured
from shared.inference.in_flight import Canvas, boxes_in_order
from shared.inference.port import Runtime
from shared.labels.picture_file import read_picture
from shared.labels.reading import refuse, safe_name
from shared.storage.files import OnBytes, nobody
from shared.vision.decode import Frame
from shared.vision.letterbox import Letterbox, input_size, letterbox

MIN_SCORE = 0.001
"""As COCO results are given: a curve that ends early is cut off differently for each model."""


def measure(
    runtime: Runtime,
    manifest: ModelManifest,
    labels: Labels,
    folder: Path,
    *,
    iou: float | None = None,
    on_picture: OnBytes = nobody,
) -> Measured:
    """What the model finds in each picture, in its upright pixels: 300 boxes at most, best first.

    Pixels go the way of a video's frames: to 4:2:0 planes, letterboxed, to RGB.

    Args:
        runtime: runs the model that `manifest` describes.
        folder: the pictures' names lie below it.
        iou: for suppression; None takes the manifest's, with which the model would serve.
        on_picture: told how many are done; what it raises ends the work.

    Raises:
        InvalidInputError: `bad_labels`: a picture cannot be read, or has another size than its
            labels say.
        ModelError: `inference_failed`, `model_does_not_fit`.
    """
    found = []
    for number, boxes in boxes_in_order(
        _canvases(labels, folder, manifest),
        runtime,
        manifest,
        iou=manifest.thresholds.iou if iou is None else iou,
        min_score=MIN_SCORE,
    ):
        found.append(boxes)
        on_picture(number + 1)
    return Measured(manifest.label, manifest.classes, found)


def _canvases(
    labels: Labels, folder: Path, manifest: ModelManifest
) -> Iterator[tuple[int, Canvas, Letterbox]]:
    for number, picture in enumerate(labels.pictures):
        image = _checked(picture, folder)
        height, width = image.shape[:2]
        box = letterbox(width, height, input_size(manifest.input, width, height))
        canvas = np.empty((*box.target, 3), np.uint8)
        box.fill(_frame(number, image), canvas)
        yield number, canvas, box


def _checked(picture: LabelledPicture, folder: Path) -> NDArray[np.uint8]:
    image = read_picture(folder / safe_name(folder.name, picture.name))
    height, width = image.shape[:2]
    if picture.size not in (None, (width, height)):
        said = " × ".join(map(str, picture.size or ()))
        refuse(
            picture.name, f"is {width} × {height} pixels, its labels say {said}", "label it anew"
        )
    return image


def _frame(number: int, image: NDArray[np.uint8]) -> Frame:
    """The picture as a decoder would give it; odd sides are made even, as `transcode` does it."""
    height, width = image.shape[:2]
    even = np.pad(image, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    rows, columns = even.shape[:2]
    flat = np.asarray(cv2.cvtColor(even, cv2.COLOR_RGB2YUV_I420), np.uint8).reshape(-1)
    area, quarter = rows * columns, rows * columns // 4
    y, u, v, _ = np.split(flat, [area, area + quarter, area + 2 * quarter])
    half = (rows // 2, columns // 2)
    return Frame(number, 0.0, y.reshape(rows, columns), u.reshape(half), v.reshape(half))
