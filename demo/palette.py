"""Colours that belong together, by what they are used for."""

from __future__ import annotations

import numpy as np

Colour = tuple[int, int, int]

PALETTE: dict[str, tuple[Colour, ...]] = {
    "floor": ((186, 158, 124), (178, 170, 158), (198, 186, 166)),
    "wall": ((214, 206, 190), (196, 200, 196), (190, 194, 204)),
    "textile": (
        (142, 60, 58),
        (58, 84, 126),
        (74, 112, 92),
        (190, 160, 84),
        (120, 84, 120),
        (198, 186, 168),
        (84, 84, 92),
    ),
    "wood": ((122, 84, 54), (160, 120, 78), (92, 66, 50), (196, 168, 128)),
    "leaf": ((54, 110, 58), (76, 134, 66), (44, 92, 62), (98, 140, 72)),
    "skin": ((236, 196, 164), (214, 168, 130), (160, 112, 80), (104, 72, 54)),
    "hair": ((36, 28, 24), (88, 58, 36), (170, 130, 72), (120, 120, 124), (150, 70, 40)),
    "clothes": (
        (204, 52, 50),
        (40, 92, 168),
        (236, 236, 232),
        (44, 46, 54),
        (60, 140, 90),
        (232, 176, 48),
        (150, 90, 160),
        (96, 168, 196),
        (222, 120, 60),
        (128, 132, 140),
    ),
    "trousers": ((40, 48, 72), (30, 30, 34), (120, 104, 80), (84, 88, 96), (150, 60, 70)),
    "dog": ((168, 112, 60), (60, 42, 32), (222, 200, 160), (30, 28, 28), (236, 230, 220)),
    "cat": ((214, 134, 60), (36, 34, 36), (140, 136, 134), (238, 234, 228), (150, 116, 84)),
}


def pick(use: str, rng: np.random.Generator) -> Colour:
    """One colour of a group."""
    group = PALETTE[use]
    return group[int(rng.integers(len(group)))]


def tint(colour: Colour, rng: np.random.Generator, amount: int) -> Colour:
    """The colour with each channel moved by at most `amount`."""
    moved = np.clip(np.array(colour) + rng.integers(-amount, amount + 1, 3), 0, 255)
    return (int(moved[0]), int(moved[1]), int(moved[2]))


def shade(colour: Colour, factor: float) -> Colour:
    """The colour made darker (< 1) or lighter (> 1)."""
    r, g, b = (min(255, int(channel * factor)) for channel in colour)
    return (r, g, b)
