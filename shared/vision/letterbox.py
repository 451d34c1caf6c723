"""Fit a frame into the network's input and carry boxes back.

The frame is scaled once, plane by plane, before it becomes RGB: a tenth of the pixels of a
1080p frame are left by then.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.domain.model import ModelInput
from shared.vision.decode import Frame

_GREY = 114
"""The border that YOLO models were trained with."""

_STRIDE = 32


@dataclass(frozen=True, slots=True)
class Letterbox:
    """The map between frames of one size and an input of one size, in pixels.

    Attributes:
        source: (height, width) of the upright source frame; boxes are clipped to it.
        target: (height, width) of the network's input.
        scaled: (height, width) of the frame inside the input; both even.
        top, left: where it lies there.
    """

    source: tuple[int, int]
    target: tuple[int, int]
    scaled: tuple[int, int]
    top: int
    left: int

    def fill(self, frame: Frame, canvas: NDArray[np.uint8]) -> None:
        """Write the frame into a canvas, uint8 (H, W, 3) RGB, border included."""
        height, width = self.scaled
        packed = np.empty((height * 3 // 2, width), np.uint8)
        flat = packed.reshape(-1)
        area, quarter = height * width, height * width // 4
        _resize(frame.y, packed[:height])
        _resize(frame.u, flat[area : area + quarter].reshape(height // 2, width // 2))
        _resize(frame.v, flat[area + quarter :].reshape(height // 2, width // 2))
        canvas[: self.top] = canvas[self.top + height :] = _GREY
        inside = canvas[self.top : self.top + height]
        inside[:, : self.left] = inside[:, self.left + width :] = _GREY
        inside[:, self.left : self.left + width] = cv2.cvtColor(packed, cv2.COLOR_YUV2RGB_I420)

    def to_source(self, xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
        """Boxes (N, 4) of the input → boxes of the source frame, clipped to it."""
        height, width = self.source
        scale = np.array([width / self.scaled[1], height / self.scaled[0]] * 2, np.float32)
        offset = np.array([self.left, self.top] * 2, np.float32)
        limit = np.array([width, height] * 2, np.float32)
        clipped: NDArray[np.float32] = np.clip((xyxy - offset) * scale, 0, limit)
        return clipped


def letterbox(width: int, height: int, target: tuple[int, int]) -> Letterbox:
    """Centre a frame of this size, as large as it fits, in `target` (height, width)."""
    ratio = min(target[0] / height, target[1] / width)
    scaled = (_even(height * ratio, target[0]), _even(width * ratio, target[1]))
    top, left = (target[0] - scaled[0]) // 2, (target[1] - scaled[1]) // 2
    return Letterbox((height, width), target, scaled, top, left)


def input_size(model_input: ModelInput, width: int, height: int) -> tuple[int, int]:
    """(height, width) of the input for frames of this size.

    A model of dynamic size gets the smallest multiple of 32 around the scaled frame, so that a
    16:9 frame costs 384×640 instead of 640×640.
    """
    fixed = (model_input.height, model_input.width)
    if not model_input.dynamic_size:
        return fixed
    ratio = min(fixed[0] / height, fixed[1] / width)
    return _multiple(height * ratio), _multiple(width * ratio)


def _resize(plane: NDArray[np.uint8], into: NDArray[np.uint8]) -> None:
    shrinks = into.shape[0] < plane.shape[0]
    size = (into.shape[1], into.shape[0])
    cv2.resize(plane, size, dst=into, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def _even(length: float, limit: int) -> int:
    return min(max(2, round(length / 2) * 2), limit - limit % 2)


def _multiple(length: float) -> int:
    return max(_STRIDE, -(-round(length) // _STRIDE) * _STRIDE)
