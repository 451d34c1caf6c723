"""Who lives in the scene: three classes, each subject with its own size, colours and pattern."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from demo.palette import Colour, pick, shade, tint

CLASSES = ("person", "cat", "dog")
PERSON, CAT, DOG = 1, 2, 3


@dataclass(frozen=True)
class Look:
    """Sizes in metres: `height` to the crown for persons, to the shoulder for animals.

    `colours` name the parts: skin, hair, shirt, trousers, accent (person); fur, patch, accent.
    """

    class_id: int
    height: float
    build: float
    pattern: str
    colours: dict[str, Colour]


@dataclass(frozen=True)
class Gait:
    """Usual speed in m/s and stride length in metres."""

    speed: float
    stride: float


@dataclass(frozen=True)
class Subject:
    """One individual; `global_id` counts from 1 over the whole scene."""

    global_id: int
    look: Look
    gait: Gait

    @property
    def class_id(self) -> int:
        """1 person, 2 cat, 3 dog."""
        return self.look.class_id


def _person(rng: np.random.Generator) -> Look:
    accent = tint(pick("clothes", rng), rng, 16)
    colours = {
        "skin": tint(pick("skin", rng), rng, 8),
        "hair": tint(pick("hair", rng), rng, 10),
        "shirt": tint(pick("clothes", rng), rng, 20),
        "trousers": tint(pick("trousers", rng), rng, 14),
        "accent": accent,
    }
    pattern = ("plain", "stripes", "backpack", "dress", "apron")[int(rng.integers(5))]
    return Look(PERSON, rng.uniform(1.52, 1.86), rng.uniform(0.9, 1.18), pattern, colours)


def _animal(class_id: int, rng: np.random.Generator) -> Look:
    name = "cat" if class_id == CAT else "dog"
    fur = shade(tint(pick(name, rng), rng, 6), rng.uniform(0.85, 1.12))
    bright = sum(fur) / 3
    patch = (244, 240, 232) if bright < 150 and rng.random() < 0.5 else shade(fur, 0.62)
    colours = {"fur": fur, "patch": patch, "accent": tint(pick("clothes", rng), rng, 20)}
    if class_id == CAT:
        pattern = ("plain", "tabby", "socks")[int(rng.integers(3))]
        return Look(CAT, rng.uniform(0.42, 0.5), rng.uniform(0.9, 1.15), pattern, colours)
    pattern = ("plain", "patches", "floppy", "saddle")[int(rng.integers(4))]
    return Look(DOG, rng.uniform(0.52, 0.7), rng.uniform(0.85, 1.15), pattern, colours)


def _gait(look: Look, rng: np.random.Generator) -> Gait:
    if look.class_id == PERSON:
        return Gait(rng.uniform(0.8, 1.3), 0.85 * look.height)
    return Gait(rng.uniform(0.8, 1.6), 2.0 * look.height)


def make_subjects(counts: tuple[int, int, int], rng: np.random.Generator) -> list[Subject]:
    """So many persons, cats and dogs, numbered from 1 in that order."""
    subjects: list[Subject] = []
    for class_id, count in zip((PERSON, CAT, DOG), counts, strict=True):
        for _ in range(count):
            look = _person(rng) if class_id == PERSON else _animal(class_id, rng)
            subjects.append(Subject(len(subjects) + 1, look, _gait(look, rng)))
    return subjects
