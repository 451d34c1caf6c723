"""Frames fit the input, and boxes find their way back."""

import numpy as np
import pytest

from shared.domain.model import ModelInput
from shared.vision.decode import Frame
from shared.vision.letterbox import input_size, letterbox


def _frame(width: int, height: int) -> Frame:
    """A black frame with a white square from (1/4, 1/4) to (1/2, 1/2)."""
    y = np.full((height, width), 16, np.uint8)
    y[height // 4 : height // 2, width // 4 : width // 2] = 235
    grey = np.full((height // 2, width // 2), 128, np.uint8)
    return Frame(0, 0.0, y, grey, grey)


@pytest.mark.parametrize(
    ("size", "target"),
    [((640, 360), (320, 320)), ((360, 640), (192, 320)), ((98, 66), (320, 320)),
     ((1920, 1080), (384, 640)), ((2, 2), (64, 64))],
)  # fmt: skip
def test_a_box_survives_the_way_there_and_back(
    size: tuple[int, int], target: tuple[int, int]
) -> None:
    width, height = size
    box = letterbox(width, height, target)
    canvas = np.zeros((*target, 3), np.uint8)
    box.fill(_frame(width, height), canvas)
    rows, columns = np.nonzero(canvas[..., 1] > 180)
    seen = np.array([[columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]], np.float32)
    truth = np.array([width // 4, height // 4, width // 2, height // 2])
    pixel = max(width / box.scaled[1], height / box.scaled[0], 1)
    assert np.abs(box.to_source(seen)[0] - truth).max() <= 1.5 * pixel


def test_the_border_is_grey_on_all_sides_that_are_not_filled() -> None:
    box = letterbox(200, 100, (128, 96))
    canvas = np.zeros((128, 96, 3), np.uint8)
    box.fill(_frame(200, 100), canvas)
    assert (canvas[: box.top] == 114).all()
    assert (canvas[box.top + box.scaled[0] :] == 114).all()
    assert box.top > 0


def test_boxes_are_clipped_to_the_source() -> None:
    box = letterbox(161, 121, (320, 320))
    outside = np.array([[-50, -50, 900, 900]], np.float32)
    assert box.to_source(outside).tolist() == [[0, 0, 161, 121]]


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(1920, 1080, (384, 640)), (1080, 1920, (640, 384)), (640, 640, (640, 640)),
     (9, 999, (640, 32))],
)  # fmt: skip
def test_a_dynamic_input_follows_the_shape_of_the_video(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    dynamic = ModelInput("images", 640, 640, dynamic_size=True)
    assert input_size(dynamic, width, height) == expected
    assert input_size(ModelInput("images", 640, 640), width, height) == (640, 640)
