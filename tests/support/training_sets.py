"""Tiny datasets that a network of 0.2 million weights learns within a few epochs."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from shared.labels.split_file import write_split

CLASSES = ("red", "blue")
COLOURS = ((220, 40, 40), (40, 60, 220))
_SIDE = 96


def train_python() -> Path:
    """The interpreter with torch: TRACKLOOP_TRAIN_PYTHON, or what `make .venv/.train` makes."""
    default = Path(__file__).parents[2] / ".venv-train" / "bin" / "python"
    python = Path(os.environ.get("TRACKLOOP_TRAIN_PYTHON", default))
    if not python.exists():
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            pytest.fail(f"{python} is not there; run `make .venv/.train`")
        pytest.skip(f"{python} is not there; `make .venv/.train` makes it")
    return python


def picture(
    seed: int, side: int = _SIDE
) -> tuple[np.ndarray, list[tuple[int, int, int, int, int]]]:
    """uint8 (side, side, 3) RGB with some rectangles: class, left, top, right, bottom."""
    rng = np.random.default_rng(seed)
    pixels = rng.integers(90, 140, (side, side, 3), np.uint8)
    boxes = []
    for _ in range(int(rng.integers(1, 4))):
        kind = int(rng.integers(len(CLASSES)))
        width, height = (int(length) for length in rng.integers(side // 4, side // 2, 2))
        left, top = int(rng.integers(side - width)), int(rng.integers(side - height))
        pixels[top : top + height, left : left + width] = COLOURS[kind]
        boxes.append((kind, left, top, left + width, top + height))
    return pixels, boxes


def write_dataset(folder: Path, train: int = 32, test: int = 4) -> Path:
    """As `prepare_dataset` leaves it."""
    names = [f"{number:04d}.jpg" for number in range(train + test)]
    for part in ("images", "labels"):
        (folder / "data" / part).mkdir(parents=True)
    for number, name in enumerate(names):
        pixels, boxes = picture(number)
        cv2.imwrite(str(folder / "data" / "images" / name), cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR))
        lines = [_line(box) for box in boxes]
        write_labels(folder, name, lines)
    facts = {"path": ".", "names": dict(enumerate(CLASSES))}
    (folder / "data.yaml").write_text(yaml.safe_dump(facts))
    write_split(folder / "train_test_split.txt", names[:train], names[train:])
    return folder


def write_labels(folder: Path, name: str, lines: list[str]) -> None:
    """Of one picture, instead of those that it had."""
    labels = (folder / "data" / "labels" / name).with_suffix(".txt")
    labels.write_text("".join(f"{line}\n" for line in lines))


def _line(box: tuple[int, int, int, int, int]) -> str:
    kind, left, top, right, bottom = box
    middle = f"{(left + right) / 2 / _SIDE:.6f} {(top + bottom) / 2 / _SIDE:.6f}"
    return f"{kind} {middle} {(right - left) / _SIDE:.6f} {(bottom - top) / _SIDE:.6f}"
