"""One line about each track, gathered in one pass over the frames."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from shared.domain.track import Box, TrackSummary
from shared.exporters.tracked_video import TrackedFrame, rounded_boxes
from shared.vision.track_overlay import foot_points


@dataclass(slots=True)
class _Gathered:
    class_id: int
    first: tuple[int, float]
    last: tuple[int, float]
    foot: tuple[float, float]
    first_box: Box
    last_box: Box
    observations: int = 0
    confidence: float = 0.0
    best: float = 0.0
    path: float = 0.0


def summarise_tracks(
    frames: Iterable[TrackedFrame], classes: Sequence[str]
) -> Iterator[TrackSummary]:
    """Summaries by ascending track_id; memory grows with the number of tracks only."""
    tracks: dict[int, _Gathered] = {}
    for frame in frames:
        _gather(tracks, frame)
    for number in sorted(tracks):
        yield _summary(number, tracks.pop(number), classes)


def summary_json(track: TrackSummary) -> dict[str, Any]:
    """As results.json has it."""
    return {
        "track_id": track.track_id,
        "class_id": track.class_id,
        "class_name": track.class_name,
        "first_frame": track.first_frame,
        "last_frame": track.last_frame,
        "first_seconds": track.first_seconds,
        "last_seconds": track.last_seconds,
        "frames": track.observations,
        "mean_confidence": track.mean_confidence,
        "path_pixels": track.path_pixels,
    }


def _gather(tracks: dict[int, _Gathered], frame: TrackedFrame) -> None:
    rows, when = frame.tracked, (frame.frame_index, frame.time_seconds)
    columns = (
        rows.track_id.tolist(),
        rows.class_id.tolist(),
        rows.score.tolist(),
        foot_points(rows.xyxy).tolist(),
        map(tuple, rounded_boxes(rows.xyxy).tolist()),
    )
    for number, class_id, score, (x, y), box in zip(*columns, strict=True):
        track = tracks.get(number)
        if track is None:
            track = tracks[number] = _Gathered(class_id, when, when, (x, y), box, box)
        track.path += hypot(x - track.foot[0], y - track.foot[1])
        track.last, track.foot, track.last_box = when, (x, y), box
        track.observations += 1
        track.confidence += score
        track.best = max(track.best, score)


def _summary(number: int, track: _Gathered, classes: Sequence[str]) -> TrackSummary:
    return TrackSummary(
        track_id=number,
        class_id=track.class_id,
        class_name=classes[track.class_id],
        first_frame=track.first[0],
        last_frame=track.last[0],
        first_seconds=round(track.first[1], 6),
        last_seconds=round(track.last[1], 6),
        observations=track.observations,
        mean_confidence=round(track.confidence / track.observations, 4),
        max_confidence=round(track.best, 4),
        path_pixels=round(track.path, 1),
        first_box=track.first_box,
        last_box=track.last_box,
    )
