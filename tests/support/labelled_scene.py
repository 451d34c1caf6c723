"""Pictures of the project's own scene, with their truth as labels."""

from pathlib import Path

import cv2

from demo.camera import HEIGHT, WIDTH
from demo.ground_truth import Row, Visits
from demo.scene import truth_rows
from demo.subjects import CLASSES
from demo.world import FPS, make_world
from shared.domain.label import LabelledBox, LabelledPicture, Labels

LEAST_VISIBILITY = 0.2  # as the bundled detector was trained


def labelled_scene(folder: Path, seed: int, pictures: int, *, every_seconds: float = 1.0) -> Labels:
    """Write so many JPEGs of one camera, the name saying the frame; returns what they show."""
    world = make_world(seed, seconds=pictures * every_seconds, cameras=1)
    folder.mkdir(parents=True, exist_ok=True)
    labelled = []
    for number in range(pictures):
        frame = round(number * every_seconds * FPS)
        picture = world.stages[0].draw(world.figures(frame))
        name = f"{seed}-{frame:04d}.jpg"
        image = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR)
        cv2.imwrite(str(folder / name), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
        rows = truth_rows(world, picture, frame, Visits(FPS))
        boxes = tuple(_box(row) for row in rows if row.visibility >= LEAST_VISIBILITY)
        labelled.append(LabelledPicture(name, (WIDTH, HEIGHT), boxes))
    return Labels(tuple(CLASSES), labelled)


def _box(row: Row) -> LabelledBox:
    left, top, width, height = row.box
    return LabelledBox(row.class_id - 1, (left, top, left + width, top + height))
