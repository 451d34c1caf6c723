"""Trackers follow, keep times, and do not leak into each other."""

import numpy as np
import pytest

from shared.domain.detection import Detections, TrackedDetections
from shared.domain.task import TrackerName
from shared.tracking.roboflow import CONFIRMING_FRAMES, RoboflowTracker

NAMES: tuple[TrackerName, ...] = ("botsort", "bytetrack", "ocsort", "sort")


def _walkers(frame: int) -> Detections:
    """Two subjects that walk towards each other on separate lines."""
    boxes = [[10 + 3 * frame, 10, 40 + 3 * frame, 70], [200 - 3 * frame, 100, 230 - 3 * frame, 160]]
    return Detections(
        np.array(boxes, np.float32), np.array([0.9, 0.8], np.float32), np.array([0, 1], np.int32)
    )


def _follow(tracker: RoboflowTracker, frames: range) -> list[TrackedDetections]:
    return [tracker.update(_walkers(frame), frame / 10) for frame in frames]


@pytest.mark.parametrize("name", NAMES)
def test_each_subject_keeps_one_id(name: TrackerName) -> None:
    tracked = _follow(RoboflowTracker(name, 10, 0.25), range(20))
    for subject in (0, 1):
        ids = {int(t.track_id[t.class_id == subject][0]) for t in tracked[CONFIRMING_FRAMES:]}
        assert len(ids) == 1


@pytest.mark.parametrize("name", NAMES)
def test_ids_begin_at_one_for_every_video(name: TrackerName) -> None:
    first, second = RoboflowTracker(name, 10, 0.25), RoboflowTracker(name, 10, 0.25)
    _follow(first, range(10))
    assert sorted(_follow(second, range(10))[-1].track_id.tolist()) == [1, 2]


def test_a_tracker_of_another_camera_does_not_touch_the_ids() -> None:
    alone = _follow(RoboflowTracker("botsort", 10, 0.25), range(30))
    tracker = RoboflowTracker("botsort", 10, 0.25)
    beside = []
    for frame in range(30):
        beside.append(tracker.update(_walkers(frame), frame / 10))
        if frame % 5 == 0:
            _follow(RoboflowTracker("botsort", 10, 0.25), range(3))
    for one, other in zip(alone, beside, strict=True):
        assert one.track_id.tolist() == other.track_id.tolist()


def test_a_subject_lost_for_longer_than_the_buffer_comes_back_as_another() -> None:
    tracker = RoboflowTracker("botsort", 10, 0.25)
    before = _follow(tracker, range(10))[-1].track_id
    after = [tracker.update(_walkers(10), 2.5 + n / 10) for n in range(5)][-1].track_id
    assert set(before.tolist()).isdisjoint(after.tolist())


def test_frames_without_boxes_are_fine() -> None:
    tracker = RoboflowTracker("botsort", 10, 0.25)
    assert len(tracker.update(Detections.empty(), 0.0)) == 0


def test_rows_come_by_ascending_id_with_float32_boxes() -> None:
    last = _follow(RoboflowTracker("botsort", 10, 0.25), range(10))[-1]
    assert last.track_id.tolist() == sorted(last.track_id.tolist())
    assert last.xyxy.dtype == last.score.dtype == np.float32
