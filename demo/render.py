"""Draws subjects into a camera's empty room, far to near, and keeps whose pixel is whose."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.backdrop import Backdrop
from demo.bodies import Body
from demo.camera import FOCAL, HEIGHT, WIDTH, Camera
from demo.palette import Colour, shade

Image = NDArray[np.uint8]
SHIFT = 3
ARC = np.linspace(-pi / 2, pi / 2, 6)
NOISE_ROOM = 64


@dataclass(frozen=True)
class Figure:
    """A subject to draw: number (> 0), body in the room, foot point (floor metres), brightness."""

    number: int
    body: Body
    foot: tuple[float, float]
    light: float


Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Silhouette:
    """Where a figure would be, were nothing before it.

    The window is in pixels, holds the shadow too, and may reach over the image; `inside` counts
    the figure's pixels in the image, `total` those outside too; `box` (left, top, width, height)
    holds those in the image.
    """

    number: int
    left: int
    top: int
    right: int
    bottom: int
    inside: int
    total: int
    box: Box = (0, 0, 0, 0)

    @property
    def window(self) -> tuple[slice, slice]:
        """Rows and columns inside the image; empty when the figure is outside."""
        rows = slice(max(0, self.top), max(0, min(HEIGHT, self.bottom)))
        return rows, slice(max(0, self.left), max(0, min(WIDTH, self.right)))

    @property
    def in_image(self) -> bool:
        """Whether any of it may lie in the image."""
        return self.right > 0 and self.bottom > 0 and self.left < WIDTH and self.top < HEIGHT


@dataclass(frozen=True)
class Picture:
    """RGB `pixels` (H, W, 3), `owners` (H, W): the figure seen there or 0, and the silhouettes."""

    pixels: Image
    owners: NDArray[np.int16]
    silhouettes: list[Silhouette]


def outlines(camera: Camera, body: Body) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each limb's outline in pixels (n, 12, 2), and its distance from the camera (n)."""
    ends, depth = camera.project(body.ends)
    radii = body.radii * FOCAL / depth
    along = ends[:, 1] - ends[:, 0]
    heading = np.arctan2(along[:, 1], along[:, 0])
    angles = heading[:, None] + np.concatenate([ARC + pi, ARC])[None, :]
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    which = np.repeat([0, 1], len(ARC))
    points = ends[:, which] + radii[:, which, None] * circle
    return points, depth.mean(axis=1)


class Stage:
    """One camera's view of the room, ready to draw figures into it."""

    def __init__(self, camera: Camera, backdrop: Backdrop, rng: np.random.Generator) -> None:
        self.camera = camera
        self.backdrop = backdrop
        sigma = rng.uniform(2.0, 4.0)
        shape = (HEIGHT + NOISE_ROOM, WIDTH + NOISE_ROOM, 3)
        self._noise = rng.normal(0, sigma, shape).round().astype(np.int16)
        gains = rng.uniform(0.94, 1.06) * rng.uniform(0.975, 1.025, 3)
        ramp = np.arange(256)[:, None] * gains[None, :]
        self._look_up = np.clip(ramp, 0, 255).astype(np.uint8).reshape(1, 256, 3)
        self._rng = rng

    def draw(self, figures: list[Figure]) -> Picture:
        """The frame with all figures, painted from the far end of the floor to the near one."""
        pixels = self.backdrop.picture.copy()
        owners = np.zeros((HEIGHT, WIDTH), np.int16)
        feet = np.array([f.foot for f in figures]).reshape(-1, 2)
        depths = self.camera.floor_depth(feet)
        silhouettes = []
        for index in np.argsort(-depths, kind="stable"):
            if depths[index] > 0.9:
                figure, depth = figures[int(index)], float(depths[index])
                silhouettes.append(self._paint(pixels, owners, figure, depth))
        return Picture(self._sensor(pixels), owners, silhouettes)

    def _paint(
        self, pixels: Image, owners: NDArray[np.int16], figure: Figure, depth: float
    ) -> Silhouette:
        polygons, away = outlines(self.camera, figure.body)
        shadow = self._shadow(figure)
        reach = np.concatenate([polygons.reshape(-1, 2), shadow])
        low = np.floor(reach.min(axis=0)).astype(int) - 1
        high = np.ceil(reach.max(axis=0)).astype(int) + 2
        edges = (int(low[0]), int(low[1]), int(high[0]), int(high[1]))
        shape = Silhouette(figure.number, *edges, 0, 1)
        if not shape.in_image:
            return shape
        rows, columns = shape.window
        free = self.backdrop.surface[rows, columns] > depth
        _darken(pixels[rows, columns], shadow - np.array([columns.start, rows.start]), free)
        canvas = np.zeros((high[1] - low[1], high[0] - low[0], 4), np.uint8)
        top, left = rows.start - low[1], columns.start - low[0]
        part = canvas[top : top + free.shape[0], left : left + free.shape[1]]
        part[..., :3] = pixels[rows, columns]
        _fill(canvas, polygons - low, np.argsort(-away, kind="stable"), figure)
        body = part[..., 3] > 127
        np.copyto(pixels[rows, columns], part[..., :3], where=free[..., None])
        owners[rows, columns][free & body] = figure.number
        total = int(np.count_nonzero(canvas[..., 3] > 127))
        inside = int(np.count_nonzero(body))
        box = _bounds(body, columns.start, rows.start)
        return Silhouette(figure.number, *edges, inside, max(1, total), box)

    def _shadow(self, figure: Figure) -> NDArray[np.float64]:
        """Outline in pixels of the soft dark disc on the floor under a figure, shape (16, 2)."""
        angle = np.linspace(0, 2 * pi, 16, endpoint=False)
        reach = float(np.abs(figure.body.ends[..., :2] - np.array(figure.foot)).max()) * 0.75
        ring = np.stack([np.cos(angle), np.sin(angle), np.zeros(16)], axis=1) * reach
        points, _ = self.camera.project(ring + np.array([*figure.foot, 0.0]))
        return points

    def _sensor(self, pixels: Image) -> Image:
        """Lens blur, the camera's own colour balance, and noise that differs in every frame."""
        soft = cv2.LUT(cv2.GaussianBlur(pixels, (3, 3), 0.55), self._look_up)
        x, y = self._rng.integers(0, NOISE_ROOM, 2)
        grain = self._noise[y : y + HEIGHT, x : x + WIDTH]
        return cv2.add(soft, grain, dtype=cv2.CV_8U).astype(np.uint8, copy=False)


def _bounds(body: NDArray[np.bool_], left: int, top: int) -> Box:
    """Tight box of a mask whose corner lies at (left, top); empty for an empty mask."""
    ys, xs = np.flatnonzero(body.any(axis=1)), np.flatnonzero(body.any(axis=0))
    if not len(ys):
        return (0, 0, 0, 0)
    return (left + int(xs[0]), top + int(ys[0]), int(np.ptp(xs)) + 1, int(np.ptp(ys)) + 1)


def _darken(ground: Image, outline: NDArray[np.float64], free: NDArray[np.bool_]) -> None:
    mask = np.zeros(free.shape, np.uint8)
    cv2.fillConvexPoly(mask, np.round(outline).astype(np.int32), 1)
    dark = cv2.convertScaleAbs(ground, alpha=0.8)
    np.copyto(ground, dark, where=((mask > 0) & free)[..., None])


def _fill(canvas: Image, local: NDArray[np.float64], order: NDArray[np.intp], f: Figure) -> None:
    """Limbs from far to near, each with a lighter core so that it looks round."""
    middle = local.mean(axis=1, keepdims=True)
    core = middle + 0.62 * (local - middle)
    core[..., 1] -= 0.12 * np.ptp(local[..., 1], axis=1)[:, None]
    outer = np.round(local * (1 << SHIFT)).astype(np.int32)
    inner = np.round(core * (1 << SHIFT)).astype(np.int32)
    for limb in order:
        base: Colour = f.body.colours[limb]
        for polygon, factor in ((outer[limb], 0.88), (inner[limb], 1.02)):
            colour = (*shade(base, factor * f.light), 255)
            cv2.fillConvexPoly(canvas, polygon, colour, cv2.LINE_AA, SHIFT)
