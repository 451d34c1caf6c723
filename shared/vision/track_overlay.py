"""What a viewer sees of the tracks: boxes, labels, and where each subject has just been."""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import TrackedDetections
from shared.vision.colours import TRACK_COLOURS, ColourSpace, Yuv
from shared.vision.draw import Area, Planes, area_of, outline, stamp, trail
from shared.vision.lettering import Lettering

TRAIL_SECONDS = 2.0
_SAMPLE_SECONDS = 0.1  # one point a tenth: fewer strokes, and the jitter of boxes does not show
HISTORY_SECONDS = TRAIL_SECONDS + _SAMPLE_SECONDS
"""Rows of this long before a frame decide what is painted on it."""

_SMOOTHINGS = 3
_FADE_LEVELS = 6
_FADE_OPACITY = 210
_BRIGHT = 110  # luma from which dark letters read better
_DARK, _LIGHT = (16, 16, 16), (255, 255, 255)

Point = tuple[float, float, float]


class _Trail:
    """Foot points of one track as (seconds, x, y): sampled, and the newest."""

    def __init__(self) -> None:
        self.samples: deque[Point] = deque()
        self.newest: Point = (0.0, 0.0, 0.0)

    def add(self, point: Point) -> None:
        """Append a point, later than the ones before."""
        sampled = self.samples[-1][0] if self.samples else -1.0
        if point[0] // _SAMPLE_SECONDS != sampled // _SAMPLE_SECONDS:
            self.samples.append(point)
        self.newest = point

    def since(self, seconds: float) -> NDArray[np.float64]:
        """Points (N, 3) from this time on; older ones are forgotten."""
        while self.samples and self.samples[0][0] < seconds:
            self.samples.popleft()
        if self.newest[0] < seconds:
            return np.empty((0, 3))
        ahead = [self.newest] if self.newest not in list(self.samples)[-1:] else []
        return _smooth(np.array([*self.samples, *ahead]))


def _smooth(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Average each place with its neighbours'; the ends stay, the newest is where the box is."""
    places = points[:, 1:]
    for _ in range(_SMOOTHINGS):
        places[1:-1] = (places[:-2] + 2 * places[1:-1] + places[2:]) / 4
    return points


class TrackOverlay:
    """Follows the tracks in time and paints them.

    What is painted depends only on the boxes shown and the rows of the last
    `HISTORY_SECONDS`, so that a video painted in pieces is the same as one painted in one go.

    Args:
        height: of the frame in pixels; lines and letters follow it.
        classes: class names by class_id.
        space: how the frame's planes mean colours.
    """

    def __init__(self, height: int, classes: Sequence[str], space: ColourSpace) -> None:
        self._classes = classes
        self._colours = [space.yuv(rgb) for rgb in TRACK_COLOURS]
        self._dark, self._light = space.yuv(_DARK), space.yuv(_LIGHT)
        self._thickness = max(2, 2 * round(height / 720))
        self._lettering = Lettering(max(14, 2 * round(height / 64)))
        self._trails: dict[int, _Trail] = {}
        self._shown: TrackedDetections | None = None

    def observe(self, seconds: float, tracked: TrackedDetections) -> None:
        """Take the boxes of an analysed frame; none of them clears what was shown."""
        self._shown = tracked
        feet = foot_points(tracked.xyxy).tolist()
        for track_id, (x, y) in zip(tracked.track_id.tolist(), feet, strict=True):
            self._trails.setdefault(track_id, _Trail()).add((seconds, x, y))

    def hide(self) -> None:
        """Show no boxes from here on: nothing more was analysed. Trails fade by themselves."""
        self._shown = None

    def paint(self, planes: Planes, seconds: float) -> None:
        """Paint onto a frame that was copied from the decoder's memory."""
        self._paint_trails(planes, seconds)
        shown = self._shown
        if shown is None:
            return
        ids = shown.track_id.tolist()
        areas = [area_of(box, planes) for box in shown.xyxy.tolist()]
        for track_id, area in zip(ids, areas, strict=True):
            outline(planes, area, self._colour(track_id), self._thickness)
        columns = (ids, areas, shown.class_id.tolist(), shown.score.tolist())
        for track_id, area, class_id, score in zip(*columns, strict=True):
            text = f"#{track_id} {self._classes[class_id]} {score:.2f}"
            self._paint_label(planes, area, text, self._colour(track_id))

    def _paint_trails(self, planes: Planes, seconds: float) -> None:
        for track_id, kept in list(self._trails.items()):
            points = kept.since(seconds - TRAIL_SECONDS)
            if not len(points):
                del self._trails[track_id]
                continue
            freshness = 1 - (seconds - points[:, 0]) / TRAIL_SECONDS
            level = np.ceil(freshness * _FADE_LEVELS).clip(1, _FADE_LEVELS)
            opacity = (level * (_FADE_OPACITY / _FADE_LEVELS)).astype(np.uint8)
            where = points[:, 1:].astype(np.float32)
            trail(planes, where, opacity, self._colour(track_id), self._thickness)

    def _paint_label(self, planes: Planes, box: Area, text: str, colour: Yuv) -> None:
        frame_height, frame_width = planes.y.shape
        letters = self._lettering.mask(text)
        pad = 2 * round(self._lettering.height / 8)
        height, width = letters.shape[0], letters.shape[1] + 2 * pad
        mask = np.zeros((height, width + width % 2), np.uint8)
        mask[:, pad : width - pad] = letters
        left = max(0, min(box.left, frame_width - mask.shape[1]))
        top = box.top - height if box.top >= height else box.top
        area = Area(
            left, top, min(left + mask.shape[1], frame_width), min(top + height, frame_height)
        )
        ink = self._dark if colour.y > _BRIGHT else self._light
        stamp(planes, area, mask, ink, colour)

    def _colour(self, track_id: int) -> Yuv:
        return self._colours[(track_id - 1) % len(self._colours)]


def foot_points(xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Middle of each box's lower side: where the subject stands, float32 (N, 2)."""
    return np.stack([(xyxy[:, 0] + xyxy[:, 2]) / 2, xyxy[:, 3]], axis=1)
