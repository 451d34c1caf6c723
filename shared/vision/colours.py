"""Colours as the planes hold them, and the fixed palette of the tracks."""

from typing import NamedTuple

import av
from av.video.reformatter import ColorRange, Colorspace

Rgb = tuple[int, int, int]

TRACK_COLOURS: tuple[Rgb, ...] = (
    (230, 159, 0),    # orange
    (86, 180, 233),   # sky blue
    (240, 228, 66),   # yellow
    (204, 121, 167),  # purple
    (0, 178, 130),    # green
    (213, 94, 0),     # vermilion
    (60, 130, 210),   # blue
    (187, 204, 51),   # lime
    (255, 170, 187),  # pink
    (153, 221, 255),  # ice
    (190, 120, 70),   # brown
    (150, 110, 220),  # violet
)  # fmt: skip
"""Okabe and Ito's colour-blind-safe set, brightened for video, then Tol's: neighbours differ."""


class Yuv(NamedTuple):
    """One colour, 0 to 255 a channel."""

    y: int
    u: int
    v: int


class ColourSpace(NamedTuple):
    """How a video's planes mean colours.

    Attributes:
        red, blue: luma weights; green takes the rest.
        full_range: luma runs 0 to 255 rather than 16 to 235.
    """

    red: float
    blue: float
    full_range: bool

    def yuv(self, rgb: Rgb) -> Yuv:
        """The colour in this space."""
        r, g, b = (channel / 255 for channel in rgb)
        luma = self.red * r + (1 - self.red - self.blue) * g + self.blue * b
        cb, cr = (b - luma) / (2 - 2 * self.blue), (r - luma) / (2 - 2 * self.red)
        if self.full_range:
            return Yuv(round(255 * luma), round(128 + 255 * cb), round(128 + 255 * cr))
        return Yuv(round(16 + 219 * luma), round(128 + 224 * cb), round(128 + 224 * cr))


def colour_space_of(context: "av.VideoCodecContext") -> ColourSpace:
    """What the stream says; untagged video is BT.709 from 720 rows on, as players assume."""
    high = context.height >= 720
    if context.colorspace in (Colorspace.ITU709, Colorspace.ITU601):
        high = context.colorspace == Colorspace.ITU709
    full = context.color_range == ColorRange.JPEG or context.pix_fmt == "yuvj420p"
    return ColourSpace(0.2126, 0.0722, full) if high else ColourSpace(0.299, 0.114, full)
