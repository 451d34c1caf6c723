"""One line about each track, gathered in one pass over the frames."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Any

from shared.exporters.tracked_video import TrackedFrame
from shared.vision.track_overlay import foot_points


@dataclass(slots=True)
class _Gathered:
    class_id: int
    first: tuple[int, float]
    last: tuple[int, float]
    foot: tuple[float, float]
    frames: int = 0
    confidence: float = 0.0
    path: float = 0.0


def summarise_tracks(
    frames: Iterable[TrackedFrame], classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Summaries by ascending track_id; memory grows with the number of tracks only.

    A path is the length of the line through the foot points (middle of the lower side of
    each box), in pixels.
    """
    tracks: dict[int, _Gathered] = {}
    for frame in frames:
        _gather(tracks, frame)
    return [_summary(number, tracks[number], classes) for number in sorted(tracks)]


def _gather(tracks: dict[int, _Gathered], frame: TrackedFrame) -> None:
    rows, when = frame.tracked, (frame.frame_index, frame.time_seconds)
    columns = (
        rows.track_id.tolist(),
        rows.class_id.tolist(),
        rows.score.tolist(),
        foot_points(rows.xyxy).tolist(),
    )
    for number, class_id, score, (x, y) in zip(*columns, strict=True):
        track = tracks.setdefault(number, _Gathered(class_id, when, when, (x, y)))
        track.path += hypot(x - track.foot[0], y - track.foot[1])
        track.last, track.foot = when, (x, y)
        track.frames += 1
        track.confidence += score


def _summary(number: int, track: _Gathered, classes: Sequence[str]) -> dict[str, Any]:
    return {
        "track_id": number,
        "class_id": track.class_id,
        "class_name": classes[track.class_id],
        "first_frame": track.first[0],
        "last_frame": track.last[0],
        "first_seconds": round(track.first[1], 6),
        "last_seconds": round(track.last[1], 6),
        "frames": track.frames,
        "mean_confidence": round(track.confidence / track.frames, 4),
        "path_pixels": round(track.path, 1),
    }
