"""Somebody who labels without a mistake: from a filmed scene's own truth."""

from collections import defaultdict
from pathlib import Path

import numpy as np

from demo.scene import CameraFiles
from demo.subjects import CLASSES
from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labels.picture_size import picture_size
from shared.labels.yolo import write_yolo


def true_boxes(camera: CameraFiles) -> dict[int, list[LabelledBox]]:
    """What counts in each frame, by 0-based number, in pixels, with the visit as track."""
    found: dict[int, list[LabelledBox]] = defaultdict(list)
    for row in np.loadtxt(camera.truth, delimiter=",", ndmin=2):
        frame, visit, left, top, width, height, counts, class_id = row[:8].tolist()
        if counts:
            xyxy = (left, top, left + width, top + height)
            found[int(frame) - 1].append(LabelledBox(int(class_id) - 1, xyxy, int(visit)))
    return found


def label_folder(folder: Path, camera: CameraFiles) -> Labels:
    """Write the truth over what a model proposed for pictures named `…-000123.jpg`.

    Args:
        folder: where people label: `images/`, and the labels of YOLO (`shared.labels.yolo`).

    Raises:
        InvalidInputError: `bad_labels`: a picture cannot be read.
        TransientError: `disk_full`.
    """
    truth = true_boxes(camera)
    pictures = []
    for file in sorted((folder / "images").iterdir()):
        boxes = tuple(truth[int(file.stem.rpartition("-")[2])])
        pictures.append(LabelledPicture(file.name, picture_size(file), boxes))
    labels = Labels(CLASSES, pictures)
    write_yolo(labels, folder)
    return labels
