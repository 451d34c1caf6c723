"""The frames of a video in presentation order."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from shared.domain.video import Chunk


@dataclass(frozen=True, slots=True)
class FrameIndex:
    """Columns of N frames; a frame's number (ordinal, 0-based) is its row.

    Attributes:
        pts: int64 (N,): presentation timestamps as the decoder gives them, in stream units.
        seconds: float64 (N,): time since the first frame, ascending.
        keyframe: bool (N,): decoding can start here.
        packet: int64 (N,): place of the frame's packet in the file, 0-based; -1 unknown.
    """

    pts: NDArray[np.int64]
    seconds: NDArray[np.float64]
    keyframe: NDArray[np.bool_]
    packet: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.pts)

    def first(self, count: int) -> "FrameIndex":
        """The index of the first `count` frames."""
        return FrameIndex(
            self.pts[:count], self.seconds[:count], self.keyframe[:count], self.packet[:count]
        )

    def packets_of_first(self, count: int) -> "FrameIndex":
        """The frames whose packets lie no later in the file than those of the first `count`."""
        keep = self.packet <= self.packet[:count].max()
        return FrameIndex(
            self.pts[keep], self.seconds[keep], self.keyframe[keep], self.packet[keep]
        )

    def cut(self, seconds: float) -> tuple[Chunk, ...]:
        """Pieces of about this length, each from one keyframe to another."""
        starts = [0]
        for ordinal in np.flatnonzero(self.keyframe):
            if self.seconds[ordinal] - self.seconds[starts[-1]] >= seconds:
                starts.append(int(ordinal))
        stops = [*starts[1:], len(self)]
        return tuple(Chunk(n, a, b) for n, (a, b) in enumerate(zip(starts, stops, strict=True)))

    def spread(self, count: int) -> list[int]:
        """Ordinals of so many frames, each the middle of an equal share; all of a shorter video."""
        count = min(count, len(self))
        return [(2 * n + 1) * len(self) // (2 * count) for n in range(count)]

    def by_keyframe(self, ordinals: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Ascending ordinals, together with the keyframe from which decoding reaches them."""
        starts = np.flatnonzero(self.keyframe)

        def start(ordinal: int) -> int:
            return int(starts[np.searchsorted(starts, ordinal, side="right") - 1])

        for first, group in groupby(ordinals, key=start):
            yield first, list(group)

    @property
    def duration_seconds(self) -> float:
        """Time shown, the last frame counted for the median frame's length."""
        if len(self) < 2:
            return 0.0
        return float(self.seconds[-1] + np.median(np.diff(self.seconds)))

    @property
    def gap_seconds(self) -> float:
        """Time that frames of the usual length would have filled and none does."""
        if len(self) < 3:
            return 0.0
        steps = np.diff(self.seconds)
        usual = np.median(steps)
        return float(np.sum(steps[steps > 1.5 * usual] - usual))

    @property
    def fps(self) -> float:
        """Frames over duration; 0 for a single frame, which has no rate."""
        return len(self) / self.duration_seconds if len(self) > 1 else 0.0
