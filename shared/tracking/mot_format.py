"""MOTChallenge text: one line a box, as evaluation tools read and write it.

`frame,id,left,top,width,height,confidence,class,visibility[,z]`: frames and classes from 1,
pixels with two decimals, -1 where nothing is known.
"""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import TrackedDetections
from shared.errors import InvalidInputError

_NAMES = ("frame", "id", "left", "top", "width", "height", "confidence", "class", "visibility")
_REQUIRED = 6
_ABSENT = (1.0, -1.0, -1.0)  # confidence, class, visibility of a line that ends before them
_LARGEST = 2**53  # beyond it a float no longer tells whole numbers apart
_LAST_FRAME = 10_000_000  # four days at 30 fps; trackers and metrics walk every frame up to it
_SMALLEST = 0.01  # readers refuse boxes without an extent


@dataclass(frozen=True, slots=True)
class MotRows:
    """The lines of a file by ascending frame; within a frame in the file's order.

    Attributes:
        frame: int64 (N,): 1-based.
        track_id: int64 (N,): -1 for a detection that belongs to no track.
        ltwh: float64 (N, 4): left, top, width, height in pixels.
        confidence: float64 (N,): 1 where the file gives none; ground truth: 0 means ignore.
        class_id: int64 (N,): 1-based; -1 unknown.
        visibility: float64 (N,): 0 to 1; -1 unknown.
    """

    frame: NDArray[np.int64]
    track_id: NDArray[np.int64]
    ltwh: NDArray[np.float64]
    confidence: NDArray[np.float64]
    class_id: NDArray[np.int64]
    visibility: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.frame)


def mot_lines(frame_index: int, tracked: TrackedDetections) -> Iterator[str]:
    """The lines of one frame, each with its line end.

    Args:
        frame_index: 0-based; lines count from 1.
        tracked: class_id 0-based; lines count from 1.
    """
    columns = (
        tracked.track_id.tolist(),
        tracked.xyxy.astype(np.float64).tolist(),
        tracked.score.tolist(),
        tracked.class_id.tolist(),
    )
    for track_id, (x1, y1, x2, y2), score, class_id in zip(*columns, strict=True):
        width, height = max(x2 - x1, _SMALLEST), max(y2 - y1, _SMALLEST)
        yield (
            f"{frame_index + 1},{track_id},{x1 + 0.0:.2f},{y1 + 0.0:.2f},{width:.2f},{height:.2f},"
            f"{score:.4f},{class_id + 1},-1,-1\n"
        )


def read_mot(path: Path) -> MotRows:
    """Read a file of tracks, detections or ground truth; commas or white space, any order.

    Raises:
        InvalidInputError: `no_such_file`; `bad_mot_file`, naming the file, line and fault.
    """
    if not path.is_file():
        raise InvalidInputError(
            "no_such_file", f"{path}: there is no such file that can be read; check the path."
        )
    values = array("d")
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                values.extend(_parse(_Place(path, number), line))
    table = np.array(values).reshape(-1, len(_NAMES))
    if not len(table):
        raise InvalidInputError(
            "bad_mot_file", f"{path.name} holds no line; give a file in MOTChallenge format."
        )
    table = table[np.argsort(table[:, 0], kind="stable")]
    whole = table[:, [0, 1, 7]].astype(np.int64)
    return MotRows(
        frame=whole[:, 0],
        track_id=whole[:, 1],
        ltwh=table[:, 2:6],
        confidence=table[:, 6],
        class_id=whole[:, 2],
        visibility=table[:, 8],
    )


@dataclass(frozen=True, slots=True)
class _Place:
    path: Path
    line: int

    def refuse(self, fault: str) -> NoReturn:
        raise InvalidInputError(
            "bad_mot_file",
            f"{self.path.name}, line {self.line}: {fault}; "
            "a line is frame,id,left,top,width,height[,confidence,class,visibility].",
        )


def _parse(place: _Place, line: str) -> list[float]:
    """The nine values of a line; further columns are ignored."""
    fields = line.split(",") if "," in line else line.split()
    if len(fields) < _REQUIRED:
        place.refuse(f"{len(fields)} columns where at least {_REQUIRED} are needed")
    pairs = zip(_NAMES, fields, strict=False)  # files have 6 to 10 columns
    values = [_number(place, name, field) for name, field in pairs]
    values += _ABSENT[len(values) - _REQUIRED :]
    if not values[7].is_integer():
        values[7] = -1.0  # MOT15 has world coordinates from here on, and no class
    for column in (0, 1, 7):
        if not values[column].is_integer() or abs(values[column]) > _LARGEST:
            place.refuse(f"{_NAMES[column]} {values[column]:g} is not a whole number")
    if values[0] < 1:
        place.refuse(f"frame {values[0]:g} is below 1, the first frame")
    if values[0] > _LAST_FRAME:
        place.refuse(f"frame {values[0]:.0f} is above the last possible one, {_LAST_FRAME}")
    for column in (4, 5):
        if values[column] <= 0:
            place.refuse(f"{_NAMES[column]} {values[column]:g} is not above 0")
    return values


def _number(place: _Place, name: str, field: str) -> float:
    try:
        value = float(field)
    except ValueError:
        place.refuse(f"{name} {field.strip()[:40]!r} is not a number")
    if not math.isfinite(value):
        place.refuse(f"{name} {field.strip()} is not a finite number")
    return value
