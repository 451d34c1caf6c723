"""What identity is worked out from: tracks of all cameras on one clock, and what is known of each
camera.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class CameraView:
    """A camera as far as identity is concerned.

    Attributes:
        width, height: pixels of its upright frame.
        homography: float64 (3, 3) from pixels of the upright frame to the map, in metres; None
            where nobody gave one.
        fps: analysed frames a second.
        calibration_error: standard deviation in metres that the homography itself may be off.
    """

    name: str
    width: int
    height: int
    fps: float
    homography: NDArray[np.float64] | None = None
    calibration_error: float = 0.1


@dataclass(frozen=True, slots=True)
class Tracklet:
    """One track of one camera.

    Attributes:
        camera: place of its camera in the sequence of views.
        class_id: index into the model's class names.
        seconds: float64 (N,), ascending, on the clock that all cameras share.
        xyxy: float32 (N, 4): boxes in pixels of the upright frame.
        embeddings: float32 (K, D), unit length, of some of its boxes; K may be 0.
        embedded_at: float64 (K,): when those were taken, ascending.
    """

    camera: int
    class_id: int
    seconds: NDArray[np.float64]
    xyxy: NDArray[np.float32]
    embeddings: NDArray[np.float32]
    embedded_at: NDArray[np.float64]

    @property
    def foot(self) -> NDArray[np.float32]:
        """Middle of each box's lower side, (N, 2) in pixels."""
        return np.stack([(self.xyxy[:, 0] + self.xyxy[:, 2]) / 2, self.xyxy[:, 3]], axis=1)


@dataclass(frozen=True, slots=True)
class Association:
    """Which tracklets are one subject.

    Attributes:
        identity: int32 (N,), one for each tracklet: 1, 2, … by first appearance; -1 where it is
            not known.
        confidence: float32 (N,), 0 to 1: how sure its place in this identity is; 0 where it is
            not known.
        report: what was estimated on the way, as JSON would hold it: thresholds, AUC, clock
            offsets, what was refused and why.
    """

    identity: NDArray[np.int32]
    confidence: NDArray[np.float32]
    report: dict[str, object]
