"""Run a tracker over the detections of a MOTChallenge file."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np

from shared.domain.detection import Detections, TrackedDetections
from shared.domain.task import TrackerName
from shared.errors import InvalidInputError
from shared.tracking.link import Ends
from shared.tracking.link import link as link_pieces
from shared.tracking.mot_format import MotRows
from shared.tracking.roboflow import RoboflowTracker


def follow(
    found: MotRows, name: TrackerName, *, fps: float, confidence: float, link: bool
) -> Iterator[tuple[int, TrackedDetections]]:
    """Frame index (0-based) and tracks of each frame, those without a box too.

    Classes of MOTChallenge files are of no use here (most hold -1), so pieces of any are joined.

    Raises:
        InvalidInputError: `invalid_option`.
    """
    if not 0 < fps <= 1000:
        raise InvalidInputError("invalid_option", f"fps: {fps:g} is not between 0 and 1000.")
    if not 0 < confidence <= 1:
        raise InvalidInputError(
            "invalid_option", f"confidence: {confidence:g} is not above 0 and at most 1."
        )
    tracker, ends = RoboflowTracker(name, fps, confidence), Ends()
    bounds = np.searchsorted(found.frame, np.arange(1, found.frame[-1] + 2))
    boxes, frames = _detections(found), []
    for frame_index, (start, stop) in enumerate(pairwise(bounds)):
        tracked = tracker.update(boxes[np.arange(start, stop)], frame_index / fps)
        ends.add(frame_index / fps, tracked)
        frames.append(tracked)
    first = link_pieces(list(ends.pieces.values())) if link else {}
    for frame_index, tracked in enumerate(frames):
        ids = [first.get(number, number) for number in tracked.track_id.tolist()]
        renamed = replace(tracked, track_id=np.array(ids, np.int32))
        yield frame_index, renamed[np.argsort(renamed.track_id, kind="stable")]


def _detections(found: MotRows) -> Detections:
    """All boxes as one batch; an unknown class becomes 0."""
    corners = np.concatenate([found.ltwh[:, :2], found.ltwh[:, :2] + found.ltwh[:, 2:]], axis=1)
    return Detections(
        corners.astype(np.float32),
        found.confidence.astype(np.float32),
        np.maximum(found.class_id - 1, 0).astype(np.int32),
    )
