"""Trackers of the `trackers` library (Apache-2.0), without camera motion, without appearance.

BoT-SORT (arXiv 2206.14651), ByteTrack (2110.06864), OC-SORT (2203.14360), SORT (1602.00763).
"""

from typing import Any

import numpy as np
import supervision as sv
from trackers import BoTSORTTracker, ByteTrackTracker, OCSORTTracker, SORTTracker

from shared.domain.detection import Detections, TrackedDetections
from shared.domain.task import TrackerName

LOST_SECONDS = 1.0
"""A track without a box for longer ends: the paper's 30 frames at 30 fps."""

CONFIRMING_FRAMES = 3
"""Boxes in a row before a track counts (SORT's min_hits); two let through twice the ghosts."""

FALLBACK_FPS = 30.0


class RoboflowTracker:
    """Adapter of one library tracker; class-agnostic, since a flickering class is no new subject.

    Args:
        name: which tracker.
        fps: frames a second that `update` will see; only scales buffers, times come with frames.
        confidence: score from which a box may start a track.
    """

    def __init__(self, name: TrackerName, fps: float, confidence: float) -> None:
        common = {
            "frame_rate": fps or FALLBACK_FPS,
            "lost_track_buffer": round(LOST_SECONDS * 30),  # the library counts at 30 fps
            "minimum_consecutive_frames": CONFIRMING_FRAMES,
        }
        self._tracker = _create(name, confidence, common)
        self._least = confidence if name == "sort" else 0.0

    def update(self, found: Detections, seconds: float) -> TrackedDetections:
        """See `Tracker.update`."""
        kept = found[found.score >= self._least]
        given = sv.Detections(xyxy=kept.xyxy, confidence=kept.score, class_id=kept.class_id)
        tracked = self._tracker.update(given, timestamp=seconds)
        ids = np.asarray(tracked.tracker_id, np.int32)
        rows = np.flatnonzero(ids >= 0)
        rows = rows[np.argsort(ids[rows], kind="stable")]
        if not len(rows):
            return TrackedDetections(kept.xyxy[:0], kept.score[:0], kept.class_id[:0], ids[:0])
        return TrackedDetections(
            xyxy=np.asarray(tracked.xyxy, np.float32)[rows],
            score=np.asarray(tracked.confidence, np.float32)[rows],
            class_id=np.asarray(tracked.class_id, np.int32)[rows],
            track_id=ids[rows] + 1,
        )


def _create(name: TrackerName, confidence: float, common: dict[str, Any]) -> Any:
    high = {"high_conf_det_threshold": confidence}
    start = {"track_activation_threshold": confidence}
    match name:
        case "botsort":
            return BoTSORTTracker(enable_cmc=False, **start, **high, **common)
        case "bytetrack":
            return ByteTrackTracker(**start, **high, **common)
        case "ocsort":
            return OCSORTTracker(**high, **common)
        case "sort":
            return SORTTracker(**start, **common)
