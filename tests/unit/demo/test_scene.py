"""The synthetic scene is deterministic, and its truth agrees with itself and with the films."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from demo.camera import HEIGHT, WIDTH, Camera, place_cameras, room_width
from demo.floor_plan import DEPTH, make_floor_plan
from demo.ground_truth import Visits
from demo.scene import Scene, generate
from demo.world import FPS, make_world
from shared.errors import InvalidInputError

SECONDS = 2.0
SEED = 7
RETURNING_SEED = 102  # somebody leaves and is back within nine seconds


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return generate(tmp_path_factory.mktemp("scene") / "a", seed=SEED, seconds=SECONDS)


def truth(path: Path) -> np.ndarray:
    return np.loadtxt(path, delimiter=",", ndmin=2)


def contents(scene: Scene) -> dict[str, bytes]:
    files = (path for path in scene.folder.rglob("*") if path.is_file())
    return {str(path.relative_to(scene.folder)): path.read_bytes() for path in files}


def test_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    once = generate(tmp_path / "a", seed=SEED, seconds=0.6, cameras=1)
    again = generate(tmp_path / "b", seed=SEED, seconds=0.6, cameras=1)
    first, second = contents(once), contents(again)
    assert set(first) == set(second)
    assert all(first[name] == second[name] for name in first)


def test_another_seed_gives_another_scene(scene: Scene, tmp_path: Path) -> None:
    other = generate(tmp_path / "c", seed=SEED + 1, seconds=SECONDS)
    for one, another in zip(scene.cameras, other.cameras, strict=True):
        assert one.video.read_bytes() != another.video.read_bytes()
        assert one.truth.read_bytes() != another.truth.read_bytes()


def test_films_have_as_many_frames_as_the_truth(scene: Scene) -> None:
    for camera in scene.cameras:
        with av.open(str(camera.video)) as film:
            stream = film.streams.video[0]
            frames = sum(1 for _ in film.decode(stream))
            assert (stream.codec_context.width, stream.codec_context.height) == (WIDTH, HEIGHT)
        rows = truth(camera.truth)
        assert frames == round(SECONDS * FPS)
        assert rows[:, 0].min() >= 1
        assert rows[:, 0].max() <= frames


def test_boxes_lie_inside_the_image_and_flags_follow_visibility(scene: Scene) -> None:
    for camera in scene.cameras:
        rows = truth(camera.truth)
        left, top, width, height = rows[:, 2:6].T
        assert (left >= 0).all()
        assert (top >= 0).all()
        assert (left + width <= WIDTH).all()
        assert (top + height <= HEIGHT).all()
        assert (height >= 6).all()
        visibility = rows[:, 8]
        sure = np.abs(visibility - 0.25) > 0.001
        assert ((rows[:, 6] == 1) == (visibility >= 0.25))[sure].all()
        assert set(rows[:, 7]) <= {1, 2, 3}
        assert (visibility <= 1).all()


def test_an_identity_has_one_box_a_frame(scene: Scene) -> None:
    for camera in scene.cameras:
        keys = truth(camera.truth)[:, :2]
        assert len(np.unique(keys, axis=0)) == len(keys)


def test_global_truth_names_every_row(scene: Scene) -> None:
    with scene.global_truth.open() as file:
        rows = list(csv.DictReader(file))
    for camera in scene.cameras:
        own = {(int(r["frame"]), int(r["visit_id"])) for r in rows if r["camera"] == camera.name}
        assert own == {(int(f), int(v)) for f, v in truth(camera.truth)[:, :2]}
    owners = defaultdict(set)
    for row in rows:
        owners[row["camera"], row["visit_id"]].add((row["global_id"], row["class"]))
    assert all(len(who) == 1 for who in owners.values())
    assert all(-0.5 < float(row["map_y"]) < DEPTH + 2 for row in rows)


def test_a_subject_that_leaves_and_returns_gets_a_second_visit() -> None:
    visits = Visits(gap=FPS)
    first = visits.number(3, frame=0)
    assert visits.number(3, frame=FPS) == first
    other = visits.number(5, frame=FPS)
    assert visits.number(3, frame=3 * FPS) not in (first, other)


def test_visits_of_one_subject_share_its_global_id(tmp_path: Path) -> None:
    long = generate(tmp_path / "long", seed=RETURNING_SEED, seconds=9.0, cameras=1)
    with long.global_truth.open() as file:
        rows = list(csv.DictReader(file))
    visits = defaultdict(list)
    for row in rows:
        if row["visit_id"] not in visits[row["global_id"]]:
            visits[row["global_id"]].append(row["visit_id"])
    returning = [own for own in visits.values() if len(own) > 1]
    assert returning
    frames = {v: [int(r["frame"]) for r in rows if r["visit_id"] == v] for v in returning[0]}
    before, after = returning[0][:2]
    assert min(frames[after]) > max(frames[before])


def homography(scene: Scene, name: str) -> np.ndarray:
    return np.array(json.loads(scene.calibration.read_text())[name]["image_to_floor"])


def test_homographies_map_foot_points_to_the_floor(scene: Scene) -> None:
    cameras = make_world(SEED, seconds=0.1, cameras=2).cameras
    with scene.global_truth.open() as file:
        rows = list(csv.DictReader(file))
    for camera in cameras:
        own = [r for r in rows if r["camera"] == camera.name]
        floor = np.array([(float(r["map_x"]), float(r["map_y"])) for r in own])
        pixels, _ = camera.project(np.column_stack([floor, np.zeros(len(floor))]))
        found = np.column_stack([pixels, np.ones(len(own))]) @ homography(scene, camera.name).T
        assert np.abs(found[:, :2] / found[:, 2:] - floor).max() < 0.02


def test_box_feet_of_persons_in_plain_sight_are_near_their_places(scene: Scene) -> None:
    with scene.global_truth.open() as file:
        rows = list(csv.DictReader(file))
    mapped = {(r["camera"], int(r["frame"]), int(r["visit_id"])): r for r in rows}
    errors = []
    for camera in scene.cameras:
        for row in truth(camera.truth):
            left, top, width, height = row[2:6]
            inside = left > 0 and top > 0 and left + width < WIDTH and top + height < HEIGHT
            if row[7] == 1 and row[8] > 0.98 and inside:
                foot = homography(scene, camera.name) @ (left + width / 2, top + height, 1.0)
                place = mapped[camera.name, int(row[0]), int(row[1])]
                known = float(place["map_x"]), float(place["map_y"])
                errors.append(np.hypot(*(foot[:2] / foot[2] - known)))
    assert np.median(errors) < 0.3


@pytest.mark.parametrize("count", [2, 3])
def test_neighbouring_views_share_about_a_third_of_the_floor(count: int) -> None:
    for seed in (SEED, 100, 101):
        cameras: list[Camera] = place_cameras(count, np.random.default_rng(seed))
        width = room_width(count)
        for left, right in pairwise(cameras):
            assert 0.27 < shared_floor(left, right, width) < 0.42


def floor_seen(camera: Camera, width: float) -> np.ndarray:
    """Corners (n, 2) in metres of the part of the room's floor inside the image."""
    step = [(x, y, 1.0) for y in range(0, HEIGHT + 1, 8) for x in range(0, WIDTH + 1, 8)]
    found = np.array(step) @ camera.homography.T
    ahead = found[:, 2] / found[-1, 2] > 0  # below the horizon, as the lowest row is
    on_floor = found[ahead, :2] / found[ahead, 2:]
    inside = (on_floor > 0).all(axis=1) & (on_floor < (width, DEPTH)).all(axis=1)
    return cv2.convexHull(on_floor[inside].astype(np.float32))


def shared_floor(a: Camera, b: Camera, width: float) -> float:
    """Floor area that both see, over the mean area each of them sees."""
    first, second = floor_seen(a, width), floor_seen(b, width)
    shared, _ = cv2.intersectConvexConvex(first, second)
    return float(2 * shared / (cv2.contourArea(first) + cv2.contourArea(second)))


def test_furniture_leaves_room_to_walk() -> None:
    pieces = make_floor_plan(15.4, np.random.default_rng(SEED)).pieces
    assert len(pieces) >= 5
    for one, other in combinations([piece.footprint for piece in pieces], 2):
        gaps = (other[0] - one[2], one[0] - other[2], other[1] - one[3], one[1] - other[3])
        assert max(gaps) >= 0.75


def test_nothing_is_left_behind_when_it_is_interrupted(tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done > 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(tmp_path / "d", seed=SEED, seconds=1.0, cameras=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_other_things_in_it_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(InvalidInputError, match="another folder"):
        generate(tmp_path, seed=SEED, seconds=0.2, cameras=1)
    assert (tmp_path / "letter.txt").read_text() == "mine"
