"""Furniture as blocks and balls: each kind is one small function of place and colours."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from demo.palette import Colour, pick, shade, tint

Point3 = tuple[float, float, float]


@dataclass(frozen=True)
class Material:
    """A colour with a pattern (plain, stripes, checks, planks, tiles) in a second colour."""

    colour: Colour
    pattern: str
    second: Colour


@dataclass(frozen=True)
class Block:
    """An axis-aligned solid between two corners."""

    low: Point3
    high: Point3
    material: Material


@dataclass(frozen=True)
class Ball:
    """A sphere: leaves and cushions."""

    centre: Point3
    radius: float
    colour: Colour


@dataclass(frozen=True)
class Piece:
    """One piece of furniture."""

    blocks: tuple[Block, ...]
    balls: tuple[Ball, ...] = ()

    @property
    def footprint(self) -> tuple[float, float, float, float]:
        """Floor rectangle x0, y0, x1, y1 that nobody can walk through."""
        low = np.array([b.low for b in self.blocks]).min(axis=0)
        high = np.array([b.high for b in self.blocks]).max(axis=0)
        return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


Parts = tuple[tuple[Block, ...], tuple[Ball, ...]]
Rng = np.random.Generator


def _block(at: tuple[float, float], box: tuple[float, ...], material: Material) -> Block:
    """A block from (x0, y0, z0, x1, y1, z1) relative to `at`."""
    x, y = at
    low, high = (x + box[0], y + box[1], box[2]), (x + box[3], y + box[4], box[5])
    return Block(low, high, material)


def _fabric(rng: Rng) -> Material:
    colour = tint(pick("textile", rng), rng, 18)
    pattern = ("plain", "stripes", "checks")[int(rng.integers(3))]
    return Material(colour, pattern, shade(colour, 1.18))


def _wood(rng: Rng) -> Material:
    colour = tint(pick("wood", rng), rng, 14)
    return Material(colour, "planks", shade(colour, 0.86))


def _sofa(at: tuple[float, float], rng: Rng) -> Parts:
    fabric, half = _fabric(rng), float(rng.uniform(0.65, 0.95))
    dark = Material(shade(fabric.colour, 0.85), fabric.pattern, fabric.colour)
    back = (-0.38, -0.22) if rng.random() < 0.5 else (0.22, 0.38)
    blocks = (
        _block(at, (-half, -0.38, 0.0, half, 0.38, 0.42), fabric),
        _block(at, (-half, back[0], 0.42, half, back[1], 0.85), dark),
        _block(at, (-half, -0.38, 0.42, -half + 0.18, 0.38, 0.6), dark),
        _block(at, (half - 0.18, -0.38, 0.42, half, 0.38, 0.6), dark),
    )
    cushion = tint(pick("textile", rng), rng, 20)
    return blocks, (Ball((at[0] - half / 2, at[1], 0.5), 0.14, cushion),)


def _bed(at: tuple[float, float], rng: Rng) -> Parts:
    fabric, frame = _fabric(rng), _wood(rng)
    sheet = Material((236, 232, 224), "plain", (236, 232, 224))
    return (
        _block(at, (-0.85, -0.5, 0.0, 0.85, 0.5, 0.28), frame),
        _block(at, (-0.6, -0.48, 0.28, 0.82, 0.48, 0.46), fabric),
        _block(at, (-0.82, -0.4, 0.28, -0.6, 0.4, 0.52), sheet),
        _block(at, (-0.92, -0.5, 0.0, -0.85, 0.5, 0.85), frame),
    ), ()


def _counter(at: tuple[float, float], rng: Rng) -> Parts:
    wood, half = _wood(rng), float(rng.uniform(0.55, 0.85))
    top = Material((222, 218, 210), "plain", (222, 218, 210))
    return (
        _block(at, (-half, -0.26, 0.0, half, 0.26, 1.05), wood),
        _block(at, (-half - 0.04, -0.3, 1.05, half + 0.04, 0.3, 1.11), top),
    ), ()


def _shelf(at: tuple[float, float], rng: Rng) -> Parts:
    wood, half = _wood(rng), float(rng.uniform(0.3, 0.42))
    boards = [_block(at, (-half, -0.14, 0.0, half, 0.14, 1.75), wood)]
    for level in (0.3, 0.75, 1.2):
        book = Material(tint(pick("clothes", rng), rng, 20), "stripes", (60, 50, 44))
        inner = half - 0.06
        boards.append(_block(at, (-inner, -0.17, level, inner, -0.13, level + 0.3), book))
    return tuple(boards), ()


def _plant(at: tuple[float, float], rng: Rng) -> Parts:
    pot = Material(tint((168, 96, 66), rng, 20), "plain", (168, 96, 66))
    trunk = Material((104, 78, 52), "plain", (104, 78, 52))
    blocks = (
        _block(at, (-0.2, -0.2, 0.0, 0.2, 0.2, 0.4), pot),
        _block(at, (-0.04, -0.04, 0.4, 0.04, 0.04, 0.9), trunk),
    )
    leaves = []
    for _ in range(16):
        angle, spread = rng.uniform(0, 2 * np.pi), rng.uniform(0.05, 0.36)
        x, y = at[0] + spread * float(np.cos(angle)), at[1] + spread * float(np.sin(angle))
        green = tint(pick("leaf", rng), rng, 14)
        z, radius = float(rng.uniform(0.65, 1.5)), float(rng.uniform(0.09, 0.16))
        leaves.append(Ball((x, y, z), radius, green))
    return blocks, tuple(leaves)


def _screen(at: tuple[float, float], rng: Rng) -> Parts:
    fabric, half = _fabric(rng), float(rng.uniform(0.28, 0.4))
    frame = _wood(rng)
    return (
        _block(at, (-half, -0.03, 0.05, half, 0.03, 1.7), fabric),
        _block(at, (-half - 0.04, -0.05, 0.0, -half, 0.05, 1.76), frame),
        _block(at, (half, -0.05, 0.0, half + 0.04, 0.05, 1.76), frame),
        _block(at, (-half, -0.05, 1.7, half, 0.05, 1.76), frame),
    ), ()


def _pillar(at: tuple[float, float], rng: Rng) -> Parts:
    stone = tint((206, 200, 190), rng, 14)
    side = float(rng.uniform(0.11, 0.16))
    body = Material(stone, "tiles", shade(stone, 0.92))
    foot = Material(shade(stone, 0.8), "plain", stone)
    return (
        _block(at, (-side, -side, 0.2, side, side, 2.3), body),
        _block(at, (-side - 0.05, -side - 0.05, 0.0, side + 0.05, side + 0.05, 0.2), foot),
    ), ()


def _bars(at: tuple[float, float], half: float, tall: float, rng: Rng) -> Parts:
    """Upright bars between two rails: whoever walks behind shows in stripes."""
    wood = _wood(rng)
    rail = Material(shade(wood.colour, 0.85), "plain", wood.colour)
    bars = [
        _block(at, (float(x) - 0.02, -0.02, 0.05, float(x) + 0.02, 0.02, tall), wood)
        for x in np.arange(-half, half + 0.01, 0.15)
    ]
    rails = [
        _block(at, (-half - 0.04, -0.03, z, half + 0.04, 0.03, z + 0.06), rail)
        for z in (0.02, tall)
    ]
    return (*bars, *rails), ()


def _pen(at: tuple[float, float], rng: Rng) -> Parts:
    return _bars(at, float(rng.uniform(0.6, 1.0)), 0.8, rng)


def _trellis(at: tuple[float, float], rng: Rng) -> Parts:
    return _bars(at, float(rng.uniform(0.4, 0.65)), 1.7, rng)


def _pet_bed(at: tuple[float, float], rng: Rng) -> Parts:
    fabric = _fabric(rng)
    rim = Material(shade(fabric.colour, 0.8), "plain", fabric.colour)
    return (
        _block(at, (-0.4, -0.3, 0.0, 0.4, 0.3, 0.1), fabric),
        _block(at, (-0.4, 0.22, 0.1, 0.4, 0.3, 0.28), rim),
        _block(at, (-0.4, -0.3, 0.1, -0.32, 0.3, 0.28), rim),
        _block(at, (0.32, -0.3, 0.1, 0.4, 0.3, 0.28), rim),
    ), ()


BUILDERS: dict[str, Callable[[tuple[float, float], Rng], Parts]] = {
    "sofa": _sofa,
    "bed": _bed,
    "counter": _counter,
    "shelf": _shelf,
    "plant": _plant,
    "screen": _screen,
    "pillar": _pillar,
    "pen": _pen,
    "trellis": _trellis,
    "pet_bed": _pet_bed,
}
LATTICE = ("plant", "trellis", "pen")
SOLID = ("pillar", "counter", "pillar", "screen", "shelf")
LOW = ("sofa", "bed", "pet_bed", "sofa")
TURNS = (LATTICE, LOW, LATTICE, SOLID)


def build(kind: str, at: tuple[float, float], rng: Rng) -> Piece:
    """A piece of the given kind standing at `at` (metres)."""
    return Piece(*BUILDERS[kind](at, rng))
