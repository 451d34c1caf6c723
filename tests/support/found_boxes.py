"""Labelled pictures, and what models of a chosen quality would find in them."""

import numpy as np

from shared.domain.detection import Detections
from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.evaluation.matching import Measured

SIDE = 400


def labelled_pictures(
    random: np.random.Generator, pictures: int, classes: tuple[str, ...] = ("cat", "dog"),
    boxes: int = 6,
) -> Labels:  # fmt: skip
    """So many pictures with none to `boxes` boxes of whole pixels each."""

    def picture(number: int) -> LabelledPicture:
        drawn = tuple(_box(random, len(classes)) for _ in range(int(random.integers(boxes + 1))))
        return LabelledPicture(f"{number}.jpg", (SIDE, SIDE), drawn)

    return Labels(classes, [picture(number) for number in range(pictures)])


def found_in(
    labels: Labels, random: np.random.Generator, *, shake: float = 5.0, missed: float = 0.1,
    ghosts: int = 3, label: str = "new@1",
) -> Measured:  # fmt: skip
    """What a model finds that is `shake` pixels off, misses a share, and sees what is not there."""
    found = []
    for picture in labels.pictures:
        kept = [box for box in picture.boxes if random.random() >= missed]
        wrong = [_box(random, len(labels.classes)) for _ in range(ghosts)]
        xyxy = np.array([box.xyxy for box in [*kept, *wrong]], np.float64).reshape(-1, 4)
        xyxy += random.normal(0, shake, xyxy.shape).round()
        xyxy[:, 2:] = np.maximum(xyxy[:, 2:], xyxy[:, :2] + 1)
        # Few different scores, so that many are equal.
        score = np.concatenate([random.integers(4, 11, len(kept)), random.integers(1, 8, ghosts)])
        class_id = np.array([box.class_id for box in [*kept, *wrong]], np.int32)
        found.append(Detections(xyxy.astype(np.float32), (score / 10).astype(np.float32), class_id))
    return Measured(label, labels.classes, found)


def _box(random: np.random.Generator, classes: int) -> LabelledBox:
    left, top = random.integers(0, SIDE - 100, 2).tolist()
    width, height = random.integers(20, 100, 2).tolist()
    return LabelledBox(int(random.integers(classes)), (left, top, left + width, top + height))
