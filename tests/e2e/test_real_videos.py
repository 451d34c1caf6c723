"""Real footage, real models, the product's default settings."""

import csv
from pathlib import Path

import numpy as np
import pytest
from trackers.eval import box_iou

from shared.tracking.metrics import score
from shared.tracking.mot_format import read_mot
from tests.support.command import run

pytestmark = pytest.mark.slow


def test_most_public_detections_of_vtest_lie_under_a_tracked_box(
    storage: Path, test_data: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    video = test_data / "video/vtest_480x360_10fps.avi"
    ended = run(storage, "run", video, "--model", "yolo11n", "--classes", "person", "--out", out)
    assert ended.code == 0, ended.output
    tracked = read_mot(out / "mot.txt")
    public = read_mot(test_data / "mot/PETS09-S2L1/det.txt")
    scale = np.array([480 / 768, 360 / 576] * 2)
    matched = 0
    for frame in np.unique(public.frame):
        boxes = public.ltwh[public.frame == frame] * scale
        own = tracked.ltwh[tracked.frame == frame]
        overlaps = box_iou(boxes, own, box_format="xywh") if len(own) else np.zeros((1, 1))
        matched += int((overlaps.max(axis=1) >= 0.5).sum())
    share = matched / len(public)
    print(f"vtest: {share:.3f} of the public detections are matched")  # noqa: T201
    assert share >= 0.75


def test_the_cat_is_a_cat_in_most_frames(storage: Path, test_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ended = run(storage, "run", test_data / "video/cat.mp4", "--model", "yolo11n", "--out", out)
    assert ended.code == 0, ended.output
    with (out / "results.csv").open() as file:
        frames = {row["frame_index"] for row in csv.DictReader(file) if row["class_name"] == "cat"}
    assert len(frames) > 223 * 0.75


def test_public_detections_of_tud_campus_are_tracked_well_by_default(
    storage: Path, test_data: Path, tmp_path: Path
) -> None:
    campus = test_data / "mot/TUD-Campus"
    ended = run(storage, "track", campus / "det.txt", "--out", tmp_path / "tracks.txt")
    assert ended.code == 0, ended.output
    found = score(read_mot(campus / "gt.txt"), read_mot(tmp_path / "tracks.txt"))
    assert found.mota >= 0.61
    assert found.idf1 >= 0.72


def test_the_metrics_give_the_known_scores_of_a_known_tracker(test_data: Path) -> None:
    campus = test_data / "mot/TUD-Campus"
    found = score(read_mot(campus / "gt.txt"), read_mot(campus / "test.txt"))
    assert (round(found.mota, 3), round(found.idf1, 3)) == (0.526, 0.558)
    counts = (found.false_positives, found.false_negatives, found.id_switches, found.fragmentations)
    assert counts == (13, 150, 7, 7)
    assert found.gt_ids == 8
