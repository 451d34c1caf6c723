"""Pinhole cameras that look down into the room, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import cos, radians, sin

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 640, 360
FOCAL = 500.0
FIRST_X = 4.0
STEP_FACING, STEP_PARALLEL = 7.4, 6.0


@dataclass(frozen=True)
class Camera:
    """A camera at `position` (metres), turned right by `yaw` and down by `pitch` (radians)."""

    index: int
    position: tuple[float, float, float]
    yaw: float
    pitch: float

    @property
    def name(self) -> str:
        """Folder and file stem of this camera."""
        return f"cam{self.index}"

    @cached_property
    def axes(self) -> Floats:
        """Rows right, down, forward: unit vectors in the room's frame, shape (3, 3)."""
        s, c = sin(self.yaw), cos(self.yaw)
        forward = np.array([s * cos(self.pitch), c * cos(self.pitch), -sin(self.pitch)])
        right = np.array([c, -s, 0.0])
        return np.stack([right, np.cross(forward, right), forward])

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Room points (..., 3) to pixels (..., 2) and depth along the optical axis (...)."""
        local = (points - np.array(self.position)) @ self.axes.T
        depth = np.maximum(local[..., 2], 0.05)
        centre = np.array([WIDTH / 2, HEIGHT / 2])
        return FOCAL * local[..., :2] / depth[..., None] + centre, depth

    def floor_depth(self, points: Floats) -> Floats:
        """Distance in metres along the floor, in the direction the camera looks; (..., 2 or 3)."""
        offset = points[..., :2] - np.array(self.position[:2])
        depth: Floats = offset @ np.array([sin(self.yaw), cos(self.yaw)])
        return depth

    @cached_property
    def homography(self) -> Floats:
        """Image to floor metres, shape (3, 3), last element 1."""
        centre = np.array(self.position)
        to_camera = np.column_stack([self.axes[:, :2], -self.axes @ centre])
        scale = np.array([[FOCAL, 0, WIDTH / 2], [0, FOCAL, HEIGHT / 2], [0, 0, 1]])
        inverse = np.linalg.inv(scale @ to_camera)
        result: Floats = inverse / inverse[2, 2]
        return result

    def rays(self, scale: int) -> NDArray[np.float32]:
        """Directions through the centres of a grid `scale` times finer, (H*scale, W*scale, 3)."""
        u = (np.arange(WIDTH * scale) + 0.5) / scale - 0.5 - WIDTH / 2
        v = (np.arange(HEIGHT * scale) + 0.5) / scale - 0.5 - HEIGHT / 2
        right, down, forward = self.axes
        grid = u[None, :, None] * right + v[:, None, None] * down + FOCAL * forward
        return np.asarray(grid / FOCAL, np.float32)


def _step(count: int) -> float:
    """Metres between neighbours: two cameras turn to each other, more of them look straight on."""
    return STEP_FACING if count <= 2 else STEP_PARALLEL


def room_width(count: int) -> float:
    """Metres of room that so many cameras watch."""
    return 2 * FIRST_X + _step(count) * (count - 1)


def place_cameras(count: int, rng: np.random.Generator) -> list[Camera]:
    """Cameras in a row before the open front of the room; neighbours share a third of the floor."""
    cameras = []
    inwards = 5.0 if count <= 2 else 0.0
    for index in range(count):
        shift = rng.uniform(-0.08, 0.08, 3)
        turn = (-1) ** index * radians(inwards) + radians(rng.uniform(-1.0, 1.0))
        position = (
            FIRST_X + _step(count) * index + float(shift[0]),
            -2.9 + float(shift[1]),
            3.9 + float(shift[2]),
        )
        cameras.append(Camera(index, position, turn, radians(34.0 + rng.uniform(-0.8, 0.8))))
    return cameras
