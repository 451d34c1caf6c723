"""How subjects move through the scene: walk, pause, hide for a moment, leave and come back."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, hypot, pi

import numpy as np
from numpy.typing import NDArray

from demo.floor_plan import DEPTH, WALL, Door, FloorPlan
from demo.routes import SHORTEST_HIDDEN, RouteMap
from demo.subjects import PERSON, Subject

Floats = NDArray[np.float64]

HIDING_WEIGHT = 0.5
PAUSE_CHANCE = 0.3
LEAVE_CHANCE = 0.7
DOOR_BONUS = 2.0
OUTSIDE_AT_START = 0.2
RESPONSE = 0.3
ASIDE = 1.7
PERSONAL_SPACE = 0.5


@dataclass(frozen=True)
class Motion:
    """For every frame and subject: `place` (T, N, 2) in floor metres, the rest (T, N).

    `heading` and `phase` are radians, `pace` runs from 0 (standing) to 1 (walking).
    """

    place: Floats
    heading: Floats
    phase: Floats
    pace: Floats


class _Walker:
    """One subject on its way: a list of points to pass, then a pause, then the next leg."""

    def __init__(
        self, subject: Subject, routes: RouteMap, plan: FloorPlan, rng: np.random.Generator
    ) -> None:
        self.subject, self.routes, self.plan, self.rng = subject, routes, plan, rng
        self.velocity = np.zeros(2)
        self.rest = 0.0
        self.at = int(rng.integers(routes.doors, len(routes.places)))
        self.position = routes.places[self.at].copy()
        self.points: list[Floats] = []
        self.speed = subject.gait.speed
        self.heading = float(rng.uniform(-pi, pi))
        if rng.random() < OUTSIDE_AT_START:
            door = plan.doors[int(rng.integers(len(plan.doors)))]
            self.position = np.add(door.outside, (ASIDE, 0.0))
            self.rest = float(rng.uniform(1.0, 10.0))
            self._enter(door)

    @property
    def outside(self) -> bool:
        """In the corridor behind the back wall."""
        return bool(self.position[1] > DEPTH + WALL)

    def step(self, push: Floats, dt: float) -> None:
        """Move on by `dt` seconds; `push` (2) is the wish in m/s to keep off others."""
        wish = np.zeros(2)
        if self.rest > 0:
            self.rest -= dt
        else:
            wish = self._towards() + (0.0 if self.outside else 1.0) * push
        self.velocity += (wish - self.velocity) * (1 - exp(-dt / RESPONSE))
        self.position = self.position + self.velocity * dt
        if self.position[1] < DEPTH - 0.3:
            self._keep_off()
        if hypot(*self.velocity) > 0.12:
            self.heading = float(np.arctan2(self.velocity[1], self.velocity[0]))

    def _towards(self) -> Floats:
        """Velocity wished for, in m/s."""
        while self.points and hypot(*(self.points[0] - self.position)) < 0.22:
            self.points.pop(0)
        if not self.points:
            self._next_leg()
        way = self.points[0] - self.position
        wish: Floats = way / max(hypot(*way), 1e-6) * self.speed
        return wish

    def _next_leg(self) -> None:
        gait, rng = self.subject.gait, self.rng
        lively = (0.85, 1.15) if self.subject.class_id == PERSON else (0.7, 1.35)
        self.speed = gait.speed * float(rng.uniform(*lively))
        if self.at < self.routes.doors and not self.outside and rng.random() < LEAVE_CHANCE:
            self._leave(self.plan.doors[self.at])
            return
        if rng.random() < PAUSE_CHANCE:
            self.rest = float(rng.uniform(0.4, 2.5))
        self.at = self._choose()
        self.points = [self.routes.places[self.at]]

    def _choose(self) -> int:
        """The next place: mostly straight on, gladly to a door, less so behind furniture."""
        options = self.routes.neighbours[self.at]
        if len(options) == 0:
            return int(self.rng.integers(len(self.routes.places)))
        ways = self.routes.places[options] - self.position
        ahead = np.array([np.cos(self.heading), np.sin(self.heading)])
        weight = np.exp(1.3 * (ways @ ahead) / np.hypot(*ways.T))
        weight[self.routes.hidden[self.at, options] >= SHORTEST_HIDDEN] *= HIDING_WEIGHT
        weight[options < self.routes.doors] *= DOOR_BONUS
        return int(self.rng.choice(options, p=weight / weight.sum()))

    def _leave(self, door: Door) -> None:
        """Out through the door, wait out of sight, and in again by any door."""
        side = ASIDE * (1.0 if self.rng.random() < 0.5 else -1.0)
        out = np.array(door.outside)
        back = self.plan.doors[int(self.rng.integers(len(self.plan.doors)))]
        self._enter(back)
        self.points = [out, np.add(out, (side, 0.0)), *self.points]

    def _enter(self, door: Door) -> None:
        self.at = self.plan.doors.index(door)
        self.points = [np.array(door.outside), np.array(door.inside)]

    def _keep_off(self) -> None:
        """Slide out of any furniture that a bend has led into."""
        x, y = self.position
        for piece in self.plan.pieces:
            x0, y0, x1, y1 = piece.footprint
            gaps = np.array([x - x0 + 0.15, x1 + 0.15 - x, y - y0 + 0.15, y1 + 0.15 - y])
            if (gaps > 0).all():
                side = int(gaps.argmin())
                self.position[side // 2] += gaps[side] * (-1 if side % 2 == 0 else 1)
                x, y = self.position


def _pushes(walkers: list[_Walker]) -> Floats:
    """Sideways wishes (n, 2) in m/s of those who are about to walk into each other."""
    places = np.array([w.position for w in walkers])
    away = places[:, None] - places[None, :]
    distance = np.hypot(away[..., 0], away[..., 1]) + np.eye(len(walkers)) * 9
    near = np.maximum(0.0, PERSONAL_SPACE - distance) / PERSONAL_SPACE
    push: Floats = (away / np.maximum(distance, 0.05)[..., None] * near[..., None]).sum(axis=1)
    return push


def simulate(
    subjects: list[Subject],
    routes: dict[int, RouteMap],
    plan: FloorPlan,
    *,
    frames: int,
    fps: float,
    rng: np.random.Generator,
) -> Motion:
    """Walk every subject through `frames` frames; `routes` by class id."""
    streams = rng.spawn(len(subjects))
    walkers = [
        _Walker(s, routes[s.class_id], plan, stream)
        for s, stream in zip(subjects, streams, strict=True)
    ]
    shape = (frames, len(subjects))
    motion = Motion(np.zeros((*shape, 2)), np.zeros(shape), np.zeros(shape), np.zeros(shape))
    phase = rng.uniform(0, 2 * pi, len(subjects))
    for frame in range(frames):
        for index, (walker, push) in enumerate(zip(walkers, _pushes(walkers), strict=True)):
            walker.step(push, 1 / fps)
            pace = hypot(*walker.velocity)
            phase[index] += 2 * pi * pace / fps / walker.subject.gait.stride
            motion.place[frame, index] = walker.position
            motion.heading[frame, index] = walker.heading
            motion.pace[frame, index] = min(1.0, pace / 0.7)
        motion.phase[frame] = phase
    return motion
