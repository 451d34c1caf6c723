"""One seed's world: room, cameras, subjects and their motion, ready to be filmed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.backdrop import make_backdrop
from demo.bodies import placed, pose
from demo.camera import Camera, place_cameras, room_width
from demo.floor_plan import FloorPlan, make_floor_plan
from demo.motion import Motion, simulate
from demo.render import Figure, Stage
from demo.routes import make_routes
from demo.sightlines import Sightlines
from demo.subjects import CAT, DOG, PERSON, Subject, make_subjects
from demo.textures import Lamps, make_lamps

FPS = 15
PER_CAMERA = (1.5, 1.0, 1.0)
"""Persons, cats and dogs in the room for each camera that watches it."""
USUAL = {PERSON: (1.7, 1.2), CAT: (0.55, 1.4), DOG: (0.75, 1.4)}


@dataclass(frozen=True)
class World:
    """Everything there is; `stages` in camera order."""

    plan: FloorPlan
    cameras: list[Camera]
    stages: list[Stage]
    subjects: list[Subject]
    motion: Motion
    lamps: Lamps

    def figures(self, frame: int) -> list[Figure]:
        """All subjects as they stand at a 0-based frame."""
        m = self.motion
        light = self.lamps.at(m.place[frame])
        figures = []
        for index, subject in enumerate(self.subjects):
            at = (float(m.place[frame, index, 0]), float(m.place[frame, index, 1]))
            phase, pace = float(m.phase[frame, index]), float(m.pace[frame, index])
            wag = frame / FPS * 4 + subject.global_id
            body = placed(pose(subject.look, phase, pace, wag), at, float(m.heading[frame, index]))
            figures.append(Figure(subject.global_id, body, at, float(light[index])))
        return figures


def make_world(
    seed: int,
    *,
    seconds: float,
    cameras: int,
    per_camera: tuple[float, float, float] = PER_CAMERA,
) -> World:
    """The world of a seed; each part draws from its own stream of random numbers."""
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(6)]
    place_rng, plan_rng, lamp_rng, look_rng, move_rng, sensor_rng = streams
    width = room_width(cameras)
    views = place_cameras(cameras, place_rng)
    plan, lamps = make_floor_plan(width, plan_rng), make_lamps(width, lamp_rng)
    backdrops = [make_backdrop(camera, plan, lamps) for camera in views]
    sight = Sightlines(views, backdrops)
    persons, cats, dogs = (round(count * cameras) for count in per_camera)
    subjects = make_subjects((persons, cats, dogs), look_rng)
    routes = {
        class_id: make_routes(plan, sight, tall, speed, move_rng)
        for class_id, (tall, speed) in USUAL.items()
    }
    frames = round(seconds * FPS)
    motion = simulate(subjects, routes, plan, frames=frames, fps=FPS, rng=move_rng)
    noise = sensor_rng.spawn(cameras)
    stages = [Stage(c, b, n) for c, b, n in zip(views, backdrops, noise, strict=True)]
    return World(plan, views, stages, subjects, motion, lamps)
