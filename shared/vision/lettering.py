"""Text as masks, so that it can be blended into any image."""

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]

_FACE = cv2.FONT_HERSHEY_SIMPLEX
_OVERSAMPLING = 4  # drawn larger, then averaged: OpenCV's small letters are rough
_CAPITAL = 21.0  # height of a capital letter at scale 1, in pixels
_CAPITAL_SHARE, _BASELINE = 0.54, 0.7  # of the line's height: leaves room for the tail of a g


class Lettering:
    """One size of letters. Characters outside ASCII appear as `?`, the font has no others.

    Args:
        height: of a line, in pixels; capitals take a little more than half of it.
    """

    def __init__(self, height: int) -> None:
        self.height = height
        self._glyphs: dict[str, Mask] = {}

    def mask(self, text: str) -> Mask:
        """Coverage of each pixel, uint8 (height, W), 0 to 255."""
        glyphs = [self._glyph(mark if " " <= mark <= "~" else "?") for mark in text]
        return np.hstack(glyphs) if glyphs else np.zeros((self.height, 0), np.uint8)

    def _glyph(self, character: str) -> Mask:
        if character not in self._glyphs:
            self._glyphs[character] = self._draw(character)
        return self._glyphs[character]

    def _draw(self, character: str) -> Mask:
        rows = self.height * _OVERSAMPLING
        scale = _CAPITAL_SHARE * rows / _CAPITAL
        stroke = max(1, round(0.075 * rows))
        wide, _ = cv2.getTextSize(character, _FACE, scale, 1)[0]
        columns = max(1, round(wide / _OVERSAMPLING))
        large = np.zeros((rows, columns * _OVERSAMPLING), np.uint8)
        baseline = round(_BASELINE * rows)
        cv2.putText(large, character, (0, baseline), _FACE, scale, 255, stroke, cv2.LINE_AA)
        small = cv2.resize(large, (columns, self.height), interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8)
