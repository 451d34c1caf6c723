"""Labelled frames for the detector: single moments of many different rooms."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from demo.camera import HEIGHT, WIDTH
from demo.ground_truth import Row, Visits
from demo.scene import truth_rows
from demo.subjects import CLASSES
from demo.world import FPS, PER_CAMERA, make_world

SECONDS = 24.0
EVERY = 18
LEAST_VISIBILITY = 0.2
CROWD = (1.5, 2.5, 2.5)
"""More pets than the scene has: they are small, hide more, and are what is hard to learn."""
JPEG_QUALITY = (70, 96)


def write_training_set(folder: Path, *, train: range, val: range) -> Path:
    """Render the rooms of the given seeds; returns the data.yaml. Frames keep their full size.

    Rooms for training are crowded, those for validation are as the scene is.
    """
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        for split, seeds, crowd in (("train", train, CROWD), ("val", val, PER_CAMERA)):
            for kind in ("images", "labels"):
                (folder / kind / split).mkdir(parents=True, exist_ok=True)
            list(pool.map(partial(_write_room, folder, split, crowd), seeds))
    names = "".join(f"  {index}: {name}\n" for index, name in enumerate(CLASSES))
    text = f"path: {folder.resolve()}\ntrain: images/train\nval: images/val\nnames:\n{names}"
    (folder / "data.yaml").write_text(text, encoding="utf-8")
    return folder / "data.yaml"


def _write_room(folder: Path, split: str, crowd: tuple[float, float, float], seed: int) -> None:
    """One frame every EVERY / FPS seconds from each of the room's two cameras.

    File names begin with a random number, so that frames of one room do not stand together
    when a trainer reads them in the order of their names.
    """
    rng = np.random.default_rng(seed)
    world = make_world(seed, seconds=SECONDS, cameras=2, per_camera=crowd)
    for stage in world.stages:
        for frame in range(0, round(SECONDS * FPS), EVERY):
            picture = stage.draw(world.figures(frame))
            name = f"{int(rng.integers(10**6)):06d}-{seed}-{stage.camera.name}-{frame:04d}"
            quality = int(rng.integers(*JPEG_QUALITY))
            image = cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR)
            path = folder / "images" / split / f"{name}.jpg"
            cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, quality])
            rows = truth_rows(world, picture, frame, Visits(FPS))
            lines = [_label(row) for row in rows if row.visibility >= LEAST_VISIBILITY]
            label = folder / "labels" / split / f"{name}.txt"
            label.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _label(row: Row) -> str:
    """A YOLO label: 0-based class, then centre and size in parts of the image."""
    left, top, width, height = row.box
    x, y = (left + width / 2) / WIDTH, (top + height / 2) / HEIGHT
    size = f"{width / WIDTH:.6f} {height / HEIGHT:.6f}"
    return f"{row.class_id - 1} {x:.6f} {y:.6f} {size}"
