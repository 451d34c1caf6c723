"""The tracking port."""

from typing import Protocol

from shared.domain.detection import Detections, TrackedDetections


class Tracker(Protocol):
    """Follows the subjects of one video."""

    def update(self, found: Detections, seconds: float) -> TrackedDetections:
        """Take the next frame's boxes and give those that belong to tracks, by ascending id.

        Every analysed frame must be given, an empty one too.

        Args:
            found: boxes of one frame, any score; low ones keep a track alive.
            seconds: time of the frame; later than that of the frame before.
        """
