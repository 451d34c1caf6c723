"""Films the synthetic pet hotel and writes its ground truth.

out/cam0.mp4  cam1.mp4 …          one H.264 film per camera
out/cam0/gt.txt …                 MOTChallenge truth; an identity is one visit to that camera
out/global.csv                    who each visit was, and where on the floor
out/cameras.json                  image-to-floor homographies
out/scene.json                    seed, length, sizes, class names
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.camera import HEIGHT, WIDTH
from demo.film import Film
from demo.floor_plan import DEPTH, WALL
from demo.ground_truth import (
    GLOBAL_HEADER,
    Row,
    Visits,
    in_view,
    pixels_seen,
    worth_a_row,
    write_rows,
)
from demo.render import Picture
from demo.subjects import CLASSES
from demo.world import FPS, World, make_world
from shared.errors import InvalidInputError
from shared.storage.files import publishing_folder

VISIT_GAP_SECONDS = 1.0
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class CameraFiles:
    """What one camera left behind."""

    name: str
    video: Path
    truth: Path


@dataclass(frozen=True)
class Scene:
    """Paths of a filmed scene."""

    folder: Path
    cameras: tuple[CameraFiles, ...]
    global_truth: Path
    calibration: Path


def generate(
    out: Path,
    *,
    seed: int,
    seconds: float = 40.0,
    cameras: int = 2,
    progress: Progress | None = None,
) -> Scene:
    """Film the scene of a seed into the folder `out`; the same seed gives the same bytes.

    `progress` hears (frames done, frames in all). `out` may be an earlier scene, which is
    replaced, or an empty folder; it appears only when everything is written.

    Raises:
        InvalidInputError: `out_not_empty`: `out` holds something else.
        TransientError: `disk_full`.
    """
    world = make_world(seed, seconds=seconds, cameras=cameras)
    _check_free(out)
    with publishing_folder(out) as folder:
        rows = _film_all(world, folder, progress or (lambda done, total: None))
        _write_truth(world, rows, folder)
        _write_summary(folder, seed, world)
    return _scene(out, cameras)


def _film_all(world: World, folder: Path, progress: Progress) -> list[list[Row]]:
    frames = len(world.motion.place)
    visits = [Visits(round(VISIT_GAP_SECONDS * FPS)) for _ in world.cameras]
    rows: list[list[Row]] = [[] for _ in world.cameras]
    total = frames * len(world.cameras)
    for index, (camera, stage) in enumerate(zip(world.cameras, world.stages, strict=True)):
        path = folder / f"{camera.name}.mp4"
        with Film(path, width=WIDTH, height=HEIGHT, fps=FPS) as film:
            for frame in range(frames):
                picture = stage.draw(world.figures(frame))
                film.add(picture.pixels)
                rows[index] += truth_rows(world, picture, frame, visits[index])
                progress(index * frames + frame + 1, total)
    return rows


def truth_rows(world: World, picture: Picture, frame: int, visits: Visits) -> list[Row]:
    """The rows of one picture, taken at a 0-based frame."""
    rows = []
    for shape in sorted(picture.silhouettes, key=lambda s: s.number):
        subject = world.subjects[shape.number - 1]
        x, y = world.motion.place[frame, shape.number - 1]
        seen = pixels_seen(picture, shape)
        if not in_view(shape, bool(y < DEPTH + WALL), seen):
            continue
        visit = visits.number(subject.global_id, frame)
        if worth_a_row(shape.box, seen, shape.total):
            visibility = min(1.0, seen / shape.total)
            who = (subject.class_id, subject.global_id)
            rows.append(Row(frame + 1, visit, shape.box, visibility, *who, (float(x), float(y))))
    return rows


def _write_truth(world: World, rows: list[list[Row]], folder: Path) -> None:
    lines = [GLOBAL_HEADER]
    for camera, own in zip(world.cameras, rows, strict=True):
        (folder / camera.name).mkdir()
        write_rows(folder / camera.name / "gt.txt", own)
        lines += [row.mapped(camera.name) for row in own]
    (folder / "global.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_summary(folder: Path, seed: int, world: World) -> None:
    frames = len(world.motion.place)
    size = {"width": WIDTH, "height": HEIGHT, "fps": FPS}
    views = {c.name: {"image_to_floor": c.homography.tolist(), **size} for c in world.cameras}
    floor = {"floor_width": world.plan.width, "floor_depth": DEPTH}
    summary = {
        "seed": seed,
        "seconds": frames / FPS,
        "frames": frames,
        "cameras": [camera.name for camera in world.cameras],
        **size,
        **floor,
        "classes": {str(index + 1): name for index, name in enumerate(CLASSES)},
    }
    for name, content in (("cameras.json", views), ("scene.json", summary)):
        (folder / name).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _scene(out: Path, cameras: int) -> Scene:
    names = [f"cam{index}" for index in range(cameras)]
    files = tuple(CameraFiles(n, out / f"{n}.mp4", out / n / "gt.txt") for n in names)
    return Scene(out, files, out / "global.csv", out / "cameras.json")


def _check_free(out: Path) -> None:
    if out.exists() and any(out.iterdir()) and not (out / "scene.json").is_file():
        raise InvalidInputError(
            "out_not_empty", f"{out} holds something else than a scene; choose another folder."
        )
