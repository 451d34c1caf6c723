"""Exact truth from who owns which pixel: boxes, visibility, visits, and places on the floor.

As in MOTChallenge, a box holds the whole subject as far as it lies in the image, hidden parts
included, and its visibility says how much of it can be seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from demo.render import Box, Picture, Silhouette

SCORED_VISIBILITY = 0.25
LEAST_VISIBILITY = 0.04
LEAST_PIXELS = 12
LEAST_HEIGHT = 6
LEAST_INSIDE = 0.04
GLOBAL_HEADER = "camera,frame,visit_id,global_id,class,map_x,map_y"


@dataclass(frozen=True)
class Row:
    """One box: 1-based `frame`, pixels `left, top, width, height`, foot point in floor metres."""

    frame: int
    visit: int
    box: Box
    visibility: float
    class_id: int
    global_id: int
    foot: tuple[float, float]

    def mot(self) -> str:
        """MOTChallenge line: frame, id, x, y, w, h, flag, class, visibility."""
        flag = int(self.visibility >= SCORED_VISIBILITY)
        box = ",".join(str(value) for value in self.box)
        return f"{self.frame},{self.visit},{box},{flag},{self.class_id},{self.visibility:.3f}"

    def mapped(self, camera: str) -> str:
        """One line under GLOBAL_HEADER."""
        who = f"{self.visit},{self.global_id},{self.class_id}"
        return f"{camera},{self.frame},{who},{self.foot[0]:.3f},{self.foot[1]:.3f}"


@dataclass
class Visits:
    """Numbers of visits to one camera: a new one after `gap` frames out of its view."""

    gap: int
    _last: dict[int, int] = field(default_factory=dict)
    _current: dict[int, int] = field(default_factory=dict)
    _count: int = 0

    def number(self, global_id: int, frame: int) -> int:
        """The visit that this subject, in view at this frame, is on."""
        last = self._last.get(global_id)
        if last is None or frame - last > self.gap:
            self._count += 1
            self._current[global_id] = self._count
        self._last[global_id] = frame
        return self._current[global_id]


def pixels_seen(picture: Picture, shape: Silhouette) -> int:
    """How many pixels of the picture one figure owns."""
    return int(np.count_nonzero(picture.owners[shape.window] == shape.number))


def in_view(shape: Silhouette, inside_room: bool, seen: int) -> bool:
    """In this camera's view, if perhaps hidden: furniture hides, walls and edges end a visit."""
    return shape.inside >= LEAST_INSIDE * shape.total and (inside_room or seen > 0)


def worth_a_row(box: Box, seen: int, total: int) -> bool:
    """Whether enough shows for a box."""
    enough = seen >= LEAST_PIXELS and seen >= LEAST_VISIBILITY * total
    return enough and box[3] >= LEAST_HEIGHT


def write_rows(path: Path, rows: list[Row]) -> None:
    """Write a MOTChallenge file, ordered by frame and visit."""
    ordered = sorted(rows, key=lambda row: (row.frame, row.visit))
    path.write_text("".join(row.mot() + "\n" for row in ordered), encoding="utf-8")
