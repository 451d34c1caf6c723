"""Frames as pictures that anything opens."""

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.vision.colours import ColourSpace
from shared.vision.decode import Frame

_QUALITY = 90


def jpeg(frame: Frame, space: ColourSpace, width: int, height: int) -> bytes:
    """The frame as JPEG, without the row or column that made its sides even.

    Args:
        space: what the frame's planes mean.
        width, height: of the picture, in pixels.
    """
    image = _bgr(frame, space)[:height, :width]
    _, encoded = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return encoded.tobytes()


def _bgr(frame: Frame, space: ColourSpace) -> NDArray[np.uint8]:
    """uint8 (H, W, 3)."""
    height, width = frame.y.shape
    u, v = (cv2.resize(plane, (width, height)) for plane in (frame.u, frame.v))
    yuv = cv2.merge([frame.y, u, v])
    return np.asarray(cv2.transform(yuv, _to_bgr(space)), np.uint8)


def _to_bgr(space: ColourSpace) -> NDArray[np.float64]:
    """(3, 4): what takes (y, u, v, 1) to (b, g, r); `ColourSpace.yuv` the other way round."""
    dark, luma, chroma = (0, 255, 255) if space.full_range else (16, 219, 224)
    green = 1 - space.red - space.blue
    red_of_v, blue_of_u = 2 - 2 * space.red, 2 - 2 * space.blue
    scaled = np.array(
        [
            [1.0, blue_of_u, 0.0],
            [1.0, -space.blue * blue_of_u / green, -space.red * red_of_v / green],
            [1.0, 0.0, red_of_v],
        ]
    ) * (255 / np.array([luma, chroma, chroma]))  # fmt: skip
    offset = scaled @ np.array([-dark, -128, -128])
    return np.hstack([scaled, offset[:, None]])
