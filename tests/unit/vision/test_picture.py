"""Pictures show the colours that a player shows."""

import cv2
import numpy as np
import pytest

from shared.vision.colours import ColourSpace, Rgb
from shared.vision.decode import Frame
from shared.vision.picture import jpeg

SPACES = [
    ColourSpace(0.299, 0.114, full_range=False),
    ColourSpace(0.2126, 0.0722, full_range=False),
    ColourSpace(0.299, 0.114, full_range=True),
]
COLOURS: list[Rgb] = [
    (0, 0, 0), (255, 255, 255), (230, 30, 40), (20, 200, 60), (30, 40, 220), (128, 128, 128),
]  # fmt: skip


def _frame(rgb: Rgb, space: ColourSpace, height: int = 32, width: int = 48) -> Frame:
    y, u, v = space.yuv(rgb)
    half = (height // 2, width // 2)
    planes = np.full((height, width), y), np.full(half, u), np.full(half, v)
    return Frame(0, 0.0, *(plane.astype(np.uint8) for plane in planes))


@pytest.mark.parametrize("space", SPACES, ids=["bt601", "bt709", "full range"])
@pytest.mark.parametrize("rgb", COLOURS, ids=str)
def test_colours_come_back(rgb: Rgb, space: ColourSpace) -> None:
    content = jpeg(_frame(rgb, space), space, 48, 32)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (32, 48, 3)
    assert np.abs(image[..., ::-1].astype(int) - rgb).max() <= 4


def test_what_made_the_sides_even_is_cut_off() -> None:
    space = SPACES[0]
    frame = _frame((230, 30, 40), space)
    frame.y[-1], frame.y[:, -1] = 235, 235
    content = jpeg(frame, space, 47, 31)
    image = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    assert image.shape == (31, 47, 3)
    assert np.abs(image[..., ::-1].astype(int) - (230, 30, 40)).max() <= 6


def test_the_same_frame_gives_the_same_bytes() -> None:
    frame = _frame((20, 200, 60), SPACES[1])
    assert jpeg(frame, SPACES[1], 48, 32) == jpeg(frame, SPACES[1], 48, 32)
