"""Patterns of floor, walls and furniture, and the light of the lamps above them."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from demo.floor_plan import CORRIDOR, DEPTH, FloorPlan, Rug
from demo.furniture import Material

PIXELS_PER_METRE = 90
MARGIN = 2.0
Array32 = NDArray[np.float32]


@dataclass(frozen=True)
class Lamps:
    """Pools of light on the floor: centres (n, 2) in metres, their strength and reach."""

    centres: Array32
    strength: float
    ambient: float
    reach: float = 1.8

    def at(self, points: NDArray[np.floating]) -> Array32:
        """Brightness factor at points (..., 2 or 3), about 0.75 to 1.1."""
        x, y = points[..., 0].astype(np.float32), points[..., 1].astype(np.float32)
        light = np.full(x.shape, self.ambient, np.float32)
        for across, deep in self.centres:
            away = (x - across) ** 2 + (y - deep) ** 2
            light += np.float32(self.strength) * np.exp(away * np.float32(-0.5 / self.reach**2))
        return light


def make_lamps(width: float, rng: np.random.Generator) -> Lamps:
    """A lamp about every four metres."""
    count = max(2, round(width / 4))
    x = width * (np.arange(count) + 0.5) / count + rng.uniform(-0.7, 0.7, count)
    y = rng.uniform(1.5, DEPTH - 1.5, count)
    strength = float(rng.uniform(0.18, 0.34))
    return Lamps(np.stack([x, y], 1).astype(np.float32), strength, float(rng.uniform(0.72, 0.86)))


def paint(material: Material, points: Array32, axis: NDArray[np.intp]) -> Array32:
    """Colours (..., 3) of a material at points on faces whose normals lie along `axis` (0..2)."""
    along = np.where(axis == 0, points[..., 1], points[..., 0])
    across = np.where(axis == 2, points[..., 1], points[..., 2])
    if material.pattern == "plain":
        second = np.zeros(along.shape, bool)
    elif material.pattern == "stripes":
        second = (along * 8).astype(np.int64) % 2 == 0
    elif material.pattern == "planks":
        second = np.abs(np.sin(across * 23 + np.sin(along * 7))) < 0.35
    elif material.pattern == "checks":
        second = ((along * 7).astype(np.int64) + (across * 7).astype(np.int64)) % 2 == 0
    else:
        second = (np.abs(across % 0.5) < 0.02) | (np.abs(along % 0.4) < 0.015)
    colours = np.array([material.colour, material.second], np.float32)
    chosen: Array32 = colours[second.astype(np.intp)]
    return chosen


def floor_pixel(points: Array32) -> Array32:
    """Floor metres (..., 2) to pixels of the floor picture."""
    return ((points + MARGIN) * PIXELS_PER_METRE).astype(np.float32)


def floor_picture(plan: FloorPlan, rng: np.random.Generator) -> NDArray[np.uint8]:
    """The floor from straight above, PIXELS_PER_METRE fine, with MARGIN metres around it."""
    rows = int((DEPTH + CORRIDOR + 2 * MARGIN) * PIXELS_PER_METRE)
    columns = int((plan.width + 2 * MARGIN) * PIXELS_PER_METRE)
    tiles = plan.floor.pattern == "tiles"
    picture = _tiles(rows, columns, plan, rng) if tiles else _planks(rows, columns, plan, rng)
    for rug in plan.rugs:
        _lay(picture, rug)
    coarse = rng.normal(0, 5, (rows // 6 + 1, columns // 6 + 1)).astype(np.float32)
    picture += cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)[..., None]
    return np.clip(picture, 0, 255).astype(np.uint8)


def _tiles(rows: int, columns: int, plan: FloorPlan, rng: np.random.Generator) -> Array32:
    side = int(0.6 * PIXELS_PER_METRE)
    shape = (rows // side + 1, columns // side + 1)
    checker = np.indices(shape).sum(axis=0) % 2
    colours = np.array([plan.floor.colour, plan.floor.second], np.float32)[checker]
    colours += rng.normal(0, 4, (*shape, 1)).astype(np.float32)
    picture = np.repeat(np.repeat(colours, side, 0), side, 1)[:rows, :columns].copy()
    for start in (0, 1):
        picture[start::side] *= 0.82
        picture[:, start::side] *= 0.82
    return picture


def _planks(rows: int, columns: int, plan: FloorPlan, rng: np.random.Generator) -> Array32:
    height, length = int(0.16 * PIXELS_PER_METRE), int(1.6 * PIXELS_PER_METRE)
    picture = np.empty((rows, columns, 3), np.float32)
    base = np.array(plan.floor.colour, np.float32)
    grain = rng.normal(0, 4, (rows, columns // 24 + 1)).astype(np.float32)
    for top in range(0, rows, height):
        shift = int(rng.integers(length))
        tones = rng.normal(1, 0.06, columns // length + 2).astype(np.float32)
        row = np.repeat(tones, length)[shift : shift + columns]
        picture[top : top + height] = base * row[None, :, None]
        picture[top, :] *= 0.75
    picture += cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_LINEAR)[..., None]
    return picture


def _lay(picture: Array32, rug: Rug) -> None:
    """Draw a rug with two borders onto the floor picture."""
    centre = np.array(rug.centre, np.float32)
    for inset, colour in ((0.0, rug.colours[1]), (0.1, rug.colours[0]), (0.32, rug.colours[1])):
        half = np.array(rug.half, np.float32) - inset
        if half.min() <= 0:
            return
        if rug.round:
            middle, axes = floor_pixel(centre).astype(int), (half * PIXELS_PER_METRE).astype(int)
            cv2.ellipse(picture, middle.tolist(), axes.tolist(), 0, 0, 360, colour, -1)
        else:
            low, high = floor_pixel(np.stack([centre - half, centre + half])).astype(int).tolist()
            cv2.rectangle(picture, low, high, colour, -1)
