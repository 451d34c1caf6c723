"""The empty room as one camera sees it: a ray-cast picture and how far away its surfaces are."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.camera import HEIGHT, WIDTH, Camera
from demo.floor_plan import FloorPlan
from demo.furniture import Ball, Block
from demo.textures import Lamps, floor_picture, floor_pixel, paint

SCALE = 2
Array32 = NDArray[np.float32]
FACE_LIGHT = np.array([0.74, 0.88, 1.04], np.float32)


@dataclass(frozen=True)
class Backdrop:
    """`picture` (H, W, 3) uint8 and `surface` (H, W): floor depth in metres of walls, furniture.

    The bare floor hides nothing: there `surface` is infinite.
    """

    picture: NDArray[np.uint8]
    surface: Array32


class _Canvas:
    """What the rays have hit so far, at SCALE times the image size."""

    def __init__(self, camera: Camera, plan: FloorPlan, lamps: Lamps) -> None:
        self.camera, self.lamps = camera, lamps
        self.origin = np.array(camera.position, np.float32)
        self.rays = camera.rays(SCALE)
        down = np.minimum(self.rays[..., 2], -1e-4)
        self.reach = (-self.origin[2] / down).astype(np.float32)
        points = self.origin + self.rays * self.reach[..., None]
        columns, rows = cv2.split(floor_pixel(points[..., :2]))
        floor = floor_picture(plan, np.random.default_rng(len(plan.pieces)))
        edge = cv2.BORDER_REPLICATE
        self.colour = cv2.remap(floor, columns, rows, cv2.INTER_LINEAR, borderMode=edge)
        self.colour = self.colour.astype(np.float32) * lamps.at(points)[..., None]
        self.solid = np.zeros(self.reach.shape, bool)

    def window(self, corners: NDArray[np.float64]) -> tuple[slice, slice]:
        """Rows and columns that the hull of the corners can touch."""
        inside = self.camera.floor_depth(corners) > 0.6
        rows, columns = self.reach.shape
        if not inside.all():
            return slice(0, rows), slice(0, columns)
        pixels, _ = self.camera.project(corners)
        low = np.floor(pixels.min(axis=0) * SCALE).astype(int) - 2
        high = np.ceil(pixels.max(axis=0) * SCALE).astype(int) + 3
        return slice(max(0, low[1]), max(0, high[1])), slice(max(0, low[0]), max(0, high[0]))

    def put(
        self, where: tuple[slice, slice], t: Array32, hit: NDArray[np.bool_], c: Array32
    ) -> None:
        """Keep the colours `c` of the rays that hit at distance `t`, where nothing is nearer."""
        nearer = hit & (t < self.reach[where])
        self.reach[where][nearer] = t[nearer]
        self.solid[where][nearer] = True
        self.colour[where][nearer] = c[nearer]


def _cast_block(canvas: _Canvas, block: Block) -> None:
    low, high = np.array(block.low), np.array(block.high)
    picks = np.indices((2, 2, 2)).reshape(3, -1).T
    where = canvas.window(np.where(picks == 0, low, high))
    rays = canvas.rays[where]
    if rays.size == 0:
        return
    safe = np.where(np.abs(rays) < 1e-6, np.float32(1e-6), rays)
    first = (low.astype(np.float32) - canvas.origin) / safe
    second = (high.astype(np.float32) - canvas.origin) / safe
    x, y, z = np.moveaxis(np.minimum(first, second), -1, 0)
    leave = np.minimum.reduce(list(np.moveaxis(np.maximum(first, second), -1, 0)))
    t = np.maximum(np.maximum(x, y), z)
    axis = np.where(t == x, 0, np.where(t == y, 1, 2))
    hit = (t < leave) & (t > 0)
    points = canvas.origin + rays * t[..., None]
    colour = paint(block.material, points, axis)
    colour *= (FACE_LIGHT[axis] * canvas.lamps.at(points))[..., None]
    canvas.put(where, t, hit, colour)


def _cast_ball(canvas: _Canvas, ball: Ball) -> None:
    centre = np.array(ball.centre, np.float32)
    corners = centre + ball.radius * (2.0 * np.indices((2, 2, 2)).reshape(3, -1).T - 1)
    where = canvas.window(corners.astype(np.float64))
    rays = canvas.rays[where]
    if rays.size == 0:
        return
    offset = canvas.origin - centre
    a = (rays * rays).sum(axis=-1)
    b = rays @ offset
    root = b * b - a * (offset @ offset - ball.radius**2)
    t = (-b - np.sqrt(np.maximum(root, 0))) / a
    normal = (canvas.origin + rays * t[..., None] - centre) / ball.radius
    light = 0.72 + 0.32 * normal[..., 2] + 0.1 * normal[..., 0]
    colour = np.array(ball.colour, np.float32) * light[..., None]
    canvas.put(where, t, root > 0, colour.astype(np.float32))


def make_backdrop(camera: Camera, plan: FloorPlan, lamps: Lamps) -> Backdrop:
    """Cast one ray per subpixel against the floor, the walls and all furniture."""
    canvas = _Canvas(camera, plan, lamps)
    for block in plan.blocks:
        _cast_block(canvas, block)
    for ball in plan.balls:
        _cast_ball(canvas, ball)
    fine = np.clip(canvas.colour, 0, 255).astype(np.uint8)
    picture = cv2.resize(fine, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    middle = (slice(SCALE // 2, None, SCALE), slice(SCALE // 2, None, SCALE))
    points = canvas.origin + canvas.rays[middle] * canvas.reach[middle][..., None]
    depth = camera.floor_depth(points.astype(np.float64))
    surface = np.where(canvas.solid[middle], depth, np.inf).astype(np.float32)
    return Backdrop(picture.astype(np.uint8), surface)
