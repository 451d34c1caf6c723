"""Rotation and mirroring as phones write them: a display matrix beside the pixels."""

from typing import cast

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from typing_extensions import Buffer

from shared.domain.video import Orientation

# (a, b, c, d) of x' = a·x + c·y, y' = b·x + d·y, signs only (ISO/IEC 14496-12, 6.2.2).
_BY_MATRIX = {
    (1, 0, 0, 1): Orientation.UPRIGHT,
    (0, 1, -1, 0): Orientation.TURN_90,
    (-1, 0, 0, -1): Orientation.TURN_180,
    (0, -1, 1, 0): Orientation.TURN_270,
    (-1, 0, 0, 1): Orientation.MIRROR,
    (0, 1, 1, 0): Orientation.MIRROR_TURN_270,
    (1, 0, 0, -1): Orientation.MIRROR_TURN_180,
    (0, -1, -1, 0): Orientation.MIRROR_TURN_90,
}
_QUARTERS = {"90": 1, "80": 2, "70": 3}  # by the last two digits of the name


def orientation_of(frame: VideoFrame) -> Orientation | None:
    """How to turn this decoded frame; None for a matrix that is no quarter turn (ignored then)."""
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if matrix is None:
        return Orientation.UPRIGHT
    a, b, _, c, d = np.frombuffer(bytes(cast(Buffer, matrix)), np.int32)[:5]
    return _BY_MATRIX.get((_sign(a), _sign(b), _sign(c), _sign(d)))


def upright(plane: NDArray[np.uint8], orientation: Orientation) -> NDArray[np.uint8]:
    """A plane (H, W) mirrored left to right, then turned clockwise; a view if nothing changes."""
    if orientation is Orientation.UPRIGHT:
        return plane
    turned = plane[:, ::-1] if orientation.startswith("mirror") else plane
    return np.ascontiguousarray(np.rot90(turned, -_QUARTERS.get(orientation[-2:], 0)))


def _sign(value: np.int32) -> int:
    return (int(value) > 0) - (int(value) < 0)
