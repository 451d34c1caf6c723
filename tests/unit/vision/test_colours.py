"""Colours as planes hold them."""

from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from shared.vision.colours import TRACK_COLOURS, ColourSpace, Rgb, Yuv, colour_space_of

BT601 = ColourSpace(0.299, 0.114, full_range=False)
BT709 = ColourSpace(0.2126, 0.0722, full_range=False)


@pytest.mark.parametrize("rgb", [*TRACK_COLOURS, (0, 0, 0), (255, 255, 255), (255, 0, 0)])
def test_colours_are_those_that_a_player_shows(rgb: Rgb) -> None:
    image = np.full((16, 16, 3), rgb, np.uint8)
    frame = VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv444p")
    expected = [np.frombuffer(plane, np.uint8)[0] for plane in frame.planes]
    assert np.allclose(BT601.yuv(rgb), expected, atol=2)


def test_known_values_of_bt709_and_of_full_range() -> None:
    assert BT709.yuv((255, 0, 0)) == Yuv(63, 102, 240)
    assert BT709._replace(full_range=True).yuv((255, 255, 255)) == Yuv(255, 128, 128)


def test_tracks_that_follow_each_other_differ_in_light_or_hue() -> None:
    ring = [np.array(BT601.yuv(rgb)) for rgb in (*TRACK_COLOURS, TRACK_COLOURS[0])]
    assert min(np.linalg.norm(one - other) for one, other in pairwise(ring)) > 40


def test_untagged_video_is_read_as_players_do() -> None:
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 640, 480, "yuv420p"
    assert colour_space_of(context) == BT601
    context.height = 720
    assert colour_space_of(context) == BT709
    context.pix_fmt = "yuvj420p"
    assert colour_space_of(context).full_range
