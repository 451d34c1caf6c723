"""The room: its size, walls, doors, rugs, and the furniture that subjects hide behind.

Everything solid is an axis-aligned block or a ball (a leaf) in room metres.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.furniture import TURNS, Ball, Block, Material, Piece, build
from demo.palette import Colour, pick, tint

DEPTH = 6.0
WALL_HEIGHT = 2.7
DOOR_WIDTH = 1.0
CORRIDOR = 1.6
WALL = 0.15
FURNITURE = 0.5


@dataclass(frozen=True)
class Door:
    """An opening in the back wall, centred on `x`; the corridor lies behind it."""

    x: float

    @property
    def inside(self) -> tuple[float, float]:
        """A point on the floor before the door."""
        return (self.x, DEPTH - 0.55)

    @property
    def outside(self) -> tuple[float, float]:
        """A point in the corridor straight behind the door."""
        return (self.x, DEPTH + WALL + 0.75)


@dataclass(frozen=True)
class Rug:
    """A carpet: centre and half sizes in metres, elliptical or rectangular."""

    centre: tuple[float, float]
    half: tuple[float, float]
    round: bool
    colours: tuple[Colour, Colour]


@dataclass(frozen=True)
class FloorPlan:
    """A room of `width` x DEPTH metres with its walls as blocks and its furniture as pieces."""

    width: float
    floor: Material
    walls: tuple[Block, ...]
    doors: tuple[Door, ...]
    rugs: tuple[Rug, ...]
    pieces: tuple[Piece, ...]

    @property
    def blocks(self) -> list[Block]:
        """Every solid block: walls first, then furniture."""
        return [*self.walls, *(block for piece in self.pieces for block in piece.blocks)]

    @property
    def balls(self) -> list[Ball]:
        """Every leaf."""
        return [ball for piece in self.pieces for ball in piece.balls]


def make_floor_plan(width: float, rng: np.random.Generator) -> FloorPlan:
    """A furnished room `width` metres wide; the same generator state gives the same room."""
    count = max(2, round(width / 4.5))
    slots = width * (np.arange(count) + 0.5) / count
    doors = tuple(Door(float(x + rng.uniform(-0.5, 0.5))) for x in slots)
    pattern = "tiles" if rng.random() < 0.5 else "planks"
    colour = tint(pick("floor", rng), rng, 12)
    floor = Material(colour, pattern, tint(colour, rng, 16))
    pieces = _furnish(width, doors, rng)
    return FloorPlan(width, floor, _walls(width, doors, rng), doors, _rugs(width, rng), pieces)


def _walls(width: float, doors: tuple[Door, ...], rng: np.random.Generator) -> tuple[Block, ...]:
    """Side walls, the back wall around its doors, and the corridor's far wall."""
    colour = tint(pick("wall", rng), rng, 10)
    paper = Material(colour, "stripes" if rng.random() < 0.5 else "plain", tint(colour, rng, 9))
    skirting = Material((235, 230, 220), "plain", (235, 230, 220))
    dark = Material((96, 88, 84), "plain", (96, 88, 84))
    back, top = DEPTH, WALL_HEIGHT
    blocks = [
        Block((-WALL, -4.0, 0.0), (0.0, back + 4, top), paper),
        Block((width, -4.0, 0.0), (width + WALL, back + 4, top), paper),
        Block((-WALL, back + CORRIDOR, 0.0), (width + WALL, back + CORRIDOR + WALL, top), dark),
    ]
    left = 0.0
    for edge in [*(d.x for d in doors), width + DOOR_WIDTH / 2]:
        right = edge - DOOR_WIDTH / 2
        blocks.append(Block((left, back, 0.12), (right, back + WALL, top), paper))
        blocks.append(Block((left, back - 0.02, 0.0), (right, back + WALL, 0.12), skirting))
        left = edge + DOOR_WIDTH / 2
        if edge < width:
            blocks.append(Block((right, back, 2.1), (left, back + WALL, top), paper))
    return tuple(blocks)


def _rugs(width: float, rng: np.random.Generator) -> tuple[Rug, ...]:
    rugs = []
    for slot in range(round(width / 3.8)):
        centre = (3.8 * slot + 1.9 + rng.uniform(-0.6, 0.6), rng.uniform(1.4, DEPTH - 1.6))
        half = (rng.uniform(0.7, 1.3), rng.uniform(0.5, 0.9))
        colours = (tint(pick("textile", rng), rng, 15), tint(pick("textile", rng), rng, 15))
        rugs.append(Rug(centre, half, bool(rng.random() < 0.5), colours))
    return tuple(rugs)


def _furnish(width: float, doors: tuple[Door, ...], rng: np.random.Generator) -> tuple[Piece, ...]:
    """Open, solid and low pieces in turn, wherever they leave room to walk around them."""
    wanted = round(width * FURNITURE)
    pieces: list[Piece] = []
    for _ in range(wanted * 30):
        if len(pieces) == wanted:
            break
        kinds = TURNS[len(pieces) % len(TURNS)]
        kind = kinds[int(rng.integers(len(kinds)))]
        at = (rng.uniform(0.7, width - 0.7), rng.uniform(0.9, DEPTH - 0.6))
        piece = build(kind, at, rng)
        if _fits(piece, pieces, width, doors):
            pieces.append(piece)
    return tuple(pieces)


def _fits(piece: Piece, others: list[Piece], width: float, doors: tuple[Door, ...]) -> bool:
    """Inside the room, clear of the doors, and a body's width away from every other piece."""
    x0, y0, x1, y1 = piece.footprint
    if x0 < 0.02 or x1 > width - 0.02 or y0 < 0.6 or y1 > DEPTH - 0.03:
        return False
    if any(abs(d.x - (x0 + x1) / 2) < 0.9 + (x1 - x0) / 2 and y1 > DEPTH - 1.3 for d in doors):
        return False
    gap = 0.75
    return not any(
        x0 < o[2] + gap and x1 > o[0] - gap and y0 < o[3] + gap and y1 > o[1] - gap
        for o in (other.footprint for other in others)
    )
