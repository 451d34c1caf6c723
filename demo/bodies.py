"""Bodies as tapered limbs in the room: what a subject's pose is, whatever the camera.

A limb runs from one ball to another. In the body's own frame x points forward, y to the left
and z up, with the origin on the floor under the body's middle.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi, sin

import numpy as np
from numpy.typing import NDArray

from demo.palette import Colour, shade
from demo.subjects import CAT, PERSON, Look

Floats = NDArray[np.float64]
Point = tuple[float, float, float]


@dataclass(frozen=True)
class Body:
    """Limbs: ends (n, 2, 3) and radii (n, 2) in metres, colours (n)."""

    ends: Floats
    radii: Floats
    colours: list[Colour]


@dataclass
class _Limbs:
    ends: list[tuple[Point, Point]] = field(default_factory=list)
    radii: list[tuple[float, float]] = field(default_factory=list)
    colours: list[Colour] = field(default_factory=list)

    def add(self, a: Point, b: Point, radii: tuple[float, float], colour: Colour) -> None:
        self.ends.append((a, b))
        self.radii.append(radii)
        self.colours.append(colour)

    def ball(self, a: Point, radius: float, colour: Colour) -> None:
        self.add(a, a, (radius, radius), colour)


def pose(look: Look, phase: float, pace: float, wag: float) -> Body:
    """The body in its own frame; `phase` of the step in radians, `pace` 0 (still) to 1."""
    limbs = _Limbs()
    if look.class_id == PERSON:
        _person(limbs, look, phase, pace)
    elif look.class_id == CAT:
        _cat(limbs, look, phase, pace, wag)
    else:
        _dog(limbs, look, phase, pace, wag)
    return Body(np.array(limbs.ends), np.array(limbs.radii), limbs.colours)


def placed(body: Body, at: tuple[float, float], heading: float) -> Body:
    """The body standing at `at` (floor metres), facing `heading` (radians from +x to +y)."""
    c, s = cos(heading), sin(heading)
    turn = np.array([[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]])
    return Body(body.ends @ turn + np.array([at[0], at[1], 0.0]), body.radii, body.colours)


def _person(limbs: _Limbs, look: Look, phase: float, pace: float) -> None:
    h, wide, c = look.height, look.build, look.colours
    bob = 0.012 * h * pace * abs(cos(phase))
    for side, turn in ((1, 0.0), (-1, pi)):
        swing = 0.17 * h * pace * sin(phase + turn)
        lift = 0.07 * h * pace * max(0.0, cos(phase + turn))
        knee = (0.55 * swing + 0.03 * h * pace, side * 0.055 * h, 0.27 * h + lift * 0.6)
        ankle = (swing, side * 0.055 * h, 0.035 * h + lift)
        tone = shade(c["trousers"], 0.92 if side < 0 else 1.06)
        limbs.add((0.0, side * 0.05 * h, 0.5 * h), knee, (0.062 * h * wide, 0.046 * h), tone)
        limbs.add(knee, ankle, (0.046 * h, 0.034 * h), tone)
        toe = (swing + 0.08 * h, side * 0.055 * h, 0.024 * h + lift)
        limbs.add((swing, ankle[1], 0.028 * h + lift), toe, (0.028 * h, 0.024 * h), (46, 38, 36))
        _arm(limbs, look, side, -swing, bob)
    for side in (1, -1):
        low, high = (0.0, side * 0.045 * h, 0.53 * h), (0.0, side * 0.085 * h, 0.79 * h + bob)
        limbs.add(low, high, (0.075 * h * wide, 0.07 * h * wide), c["shirt"])
    limbs.add((0, 0, 0.54 * h), (0, 0, 0.78 * h + bob), (0.085 * h, 0.1 * h), c["shirt"])
    limbs.add((0.0, 0.0, 0.8 * h), (0.01 * h, 0.0, 0.88 * h), (0.035 * h, 0.032 * h), c["skin"])
    limbs.ball((0.02 * h, 0.0, 0.915 * h + bob), 0.072 * h, c["skin"])
    back = (-0.035 * h, 0.0, 0.925 * h + bob)
    limbs.add(back, (0.0, 0.0, 0.95 * h + bob), (0.07 * h, 0.066 * h), c["hair"])
    _outfit(limbs, look)


def _arm(limbs: _Limbs, look: Look, side: int, swing: float, bob: float) -> None:
    h, c = look.height, look.colours
    shoulder = (0.0, side * 0.155 * h, 0.79 * h + bob)
    elbow = (0.35 * swing, side * 0.185 * h, 0.63 * h)
    hand = (0.9 * swing + 0.04 * h, side * 0.165 * h, 0.48 * h + 0.1 * abs(swing))
    limbs.add(shoulder, elbow, (0.04 * h, 0.034 * h), shade(c["shirt"], 0.9))
    limbs.add(elbow, hand, (0.03 * h, 0.026 * h), c["skin"])


def _outfit(limbs: _Limbs, look: Look) -> None:
    h, accent = look.height, look.colours["accent"]
    if look.pattern == "stripes":
        for z in (0.6, 0.67, 0.74):
            for x in (0.085 * h, -0.085 * h):
                left, right = (x, 0.09 * h, z * h), (x, -0.09 * h, z * h)
                limbs.add(left, right, (0.016 * h, 0.016 * h), accent)
    elif look.pattern == "backpack":
        low, high = (-0.14 * h, 0.0, 0.6 * h), (-0.14 * h, 0.0, 0.75 * h)
        limbs.add(low, high, (0.085 * h, 0.075 * h), accent)
    elif look.pattern == "dress":
        limbs.add((0, 0, 0.34 * h), (0, 0, 0.58 * h), (0.14 * h, 0.1 * h), look.colours["shirt"])
    elif look.pattern == "apron":
        limbs.add((0.07 * h, 0, 0.42 * h), (0.06 * h, 0, 0.7 * h), (0.075 * h, 0.055 * h), accent)


def _legs(limbs: _Limbs, look: Look, gait: tuple[float, float], thick: float, paw: Colour) -> None:
    """Four legs; `gait` is (phase, pace), diagonal pairs swing together."""
    s, half = look.height, look.build * look.height * (0.72 if look.class_id == CAT else 0.55)
    for front, side in ((1, 1), (1, -1), (-1, 1), (-1, -1)):
        turn = gait[0] + (0.0 if front == side else pi)
        swing = 0.32 * s * gait[1] * sin(turn)
        lift = 0.14 * s * gait[1] * max(0.0, cos(turn))
        hip = (front * half * 0.82, side * 0.13 * s, 0.62 * s)
        knee = (hip[0] + 0.4 * swing - 0.05 * s * front, hip[1], 0.34 * s + 0.5 * lift)
        foot = (hip[0] + swing, hip[1], 0.06 * s + lift)
        tone = shade(look.colours["fur"], 0.84 if side < 0 else 0.94)
        limbs.add(hip, knee, (thick * 1.35, thick), tone)
        limbs.add(knee, foot, (thick, thick * 0.85), paw)


def _cat(limbs: _Limbs, look: Look, phase: float, pace: float, wag: float) -> None:
    s, fur, patch = look.height, look.colours["fur"], look.colours["patch"]
    half = 0.72 * s * look.build
    paw = patch if look.pattern == "socks" else shade(fur, 0.88)
    _legs(limbs, look, (phase, pace), 0.065 * s, paw)
    limbs.add((-half, 0.0, 0.72 * s), (half, 0.0, 0.76 * s), (0.23 * s, 0.21 * s), fur)
    head = (half + 0.3 * s, 0.0, 1.04 * s)
    limbs.add((half, 0.0, 0.8 * s), head, (0.17 * s, 0.16 * s), fur)
    limbs.ball(head, 0.25 * s, fur)
    limbs.ball((head[0] + 0.2 * s, 0.0, 0.97 * s), 0.1 * s, shade(patch, 1.2))
    for side in (1, -1):
        low, tip = (head[0], side * 0.14 * s, 1.2 * s), (head[0], side * 0.18 * s, 1.47 * s)
        limbs.add(low, tip, (0.1 * s, 0.02 * s), shade(fur, 0.8))
    sway = 0.22 * s * sin(wag)
    root, middle = (-half - 0.1 * s, 0.0, 0.85 * s), (-half - 0.36 * s, 0.5 * sway, 1.0 * s)
    upper, end = (-half - 0.46 * s, sway, 1.3 * s), (-half - 0.36 * s, 1.3 * sway, 1.55 * s)
    for a, b in ((root, middle), (middle, upper), (upper, end)):
        limbs.add(a, b, (0.1 * s, 0.09 * s), shade(fur, 0.9))
    if look.pattern == "tabby":
        for x in (-0.7, -0.25, 0.2, 0.65):
            left, right = (x * half, 0.14 * s, 0.86 * s), (x * half, -0.14 * s, 0.86 * s)
            limbs.add(left, right, (0.07 * s, 0.07 * s), shade(fur, 0.6))


def _dog(limbs: _Limbs, look: Look, phase: float, pace: float, wag: float) -> None:
    s, fur, patch = look.height, look.colours["fur"], look.colours["patch"]
    half = 0.55 * s * look.build
    _legs(limbs, look, (phase, pace), 0.075 * s, shade(fur, 0.9))
    limbs.add((-half, 0.0, 0.74 * s), (half, 0.0, 0.76 * s), (0.18 * s, 0.24 * s), fur)
    head = (half + 0.36 * s, 0.0, 1.16 * s)
    limbs.add((half, 0.0, 0.86 * s), head, (0.16 * s, 0.13 * s), fur)
    limbs.ball((half + 0.19 * s, 0.0, 1.0 * s), 0.16 * s, look.colours["accent"])
    limbs.ball(head, 0.18 * s, fur)
    nose = (head[0] + 0.33 * s, 0.0, 1.08 * s)
    limbs.add((head[0] + 0.1 * s, 0.0, 1.12 * s), nose, (0.12 * s, 0.085 * s), shade(fur, 1.12))
    limbs.ball((nose[0] + 0.06 * s, 0.0, 1.12 * s), 0.05 * s, (24, 20, 20))
    hang = 0.98 if look.pattern in ("floppy", "patches") else 1.46
    for side in (1, -1):
        low, tip = (head[0] - 0.04 * s, side * 0.15 * s, 1.25 * s), 0.2 * side * s
        limbs.add(low, (head[0] - 0.06 * s, tip, hang * s), (0.075 * s, 0.05 * s), shade(fur, 0.66))
    sway = 0.25 * s * sin(2.5 * wag)
    root, end = (-half - 0.1 * s, 0.0, 0.86 * s), (-half - 0.3 * s, sway, 1.08 * s)
    limbs.add(root, end, (0.075 * s, 0.055 * s), shade(fur, 0.85))
    if look.pattern == "patches":
        for x, side in ((-0.5, 1), (0.35, -1), (0.1, 1)):
            limbs.ball((x * half, 0.1 * s * side, 0.86 * s), 0.14 * s, patch)
    elif look.pattern == "saddle":
        rear, front = (-0.6 * half, 0.0, 0.86 * s), (0.5 * half, 0.0, 0.88 * s)
        limbs.add(rear, front, (0.14 * s, 0.15 * s), patch)
