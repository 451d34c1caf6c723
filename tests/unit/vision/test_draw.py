"""Drawing on I420 planes."""

import numpy as np
import pytest

from shared.vision.colours import Yuv
from shared.vision.draw import Area, Planes, area_of, blend, fill, outline, stamp, trail

COLOUR = Yuv(200, 60, 180)
GREY = Yuv(100, 128, 128)


def blank(width: int = 64, height: int = 48, margin: int = 0) -> Planes:
    """Grey planes; with a margin they are views into larger ones, as a decoder's are."""
    sizes = [(height, width), (height // 2, width // 2), (height // 2, width // 2)]
    return Planes(
        *(
            np.full((rows, columns + margin), value, np.uint8)[:, :columns]
            for (rows, columns), value in zip(sizes, GREY, strict=True)
        )
    )


def changed(planes: Planes) -> list[tuple[int, int, int, int]]:
    """The bounding box of what differs from grey, in each plane: left, top, right, bottom."""
    boxes = []
    for plane, value in zip(planes, GREY, strict=True):
        rows, columns = np.nonzero(plane != value)
        boxes.append((columns.min(), rows.min(), columns.max() + 1, rows.max() + 1))
    return boxes


def test_an_area_is_widened_to_even_pixels_and_cut_to_the_frame() -> None:
    planes = blank()
    assert area_of((3.2, 5.0, 10.1, 11.0), planes) == Area(2, 4, 12, 12)
    assert area_of((-5.0, -1.0, 900.0, 48.0), planes) == Area(0, 0, 64, 48)
    assert area_of((64.0, 48.0, 70.0, 50.0), planes) == Area(64, 48, 64, 48)


def test_light_and_colour_cover_the_same_place() -> None:
    planes = blank()
    fill(planes, Area(10, 20, 30, 26), COLOUR)
    assert changed(planes) == [(10, 20, 30, 26), (5, 10, 15, 13), (5, 10, 15, 13)]
    assert (planes.y[20, 10], planes.u[10, 5], planes.v[10, 5]) == COLOUR


def test_an_outline_leaves_the_inside() -> None:
    planes = blank(margin=7)
    outline(planes, Area(10, 10, 40, 30), COLOUR, 2)
    assert changed(planes)[0] == (10, 10, 40, 30)
    assert (planes.y[12:28, 12:38] == GREY.y).all()
    assert (planes.u[6:14, 6:19] == GREY.u).all()
    assert (planes.y[10:12, 10:40] == COLOUR.y).all()
    assert (planes.y[10:30, 38:40] == COLOUR.y).all()


def test_an_outline_thicker_than_its_area_fills_it() -> None:
    planes = blank()
    outline(planes, Area(10, 10, 12, 30), COLOUR, 6)
    assert changed(planes)[0] == (10, 10, 12, 30)


def test_an_empty_area_draws_nothing() -> None:
    planes = blank()
    outline(planes, Area(64, 48, 64, 48), COLOUR, 2)
    stamp(planes, Area(64, 48, 64, 48), np.zeros((4, 4), np.uint8), COLOUR, COLOUR)
    assert (planes.y == GREY.y).all()


def test_blending_is_exact_at_both_ends_and_between_in_between() -> None:
    planes = blank()
    mask = np.zeros((4, 6), np.uint8)
    mask[:, 2:4], mask[:, 4:] = 128, 255
    blend(planes, 20, 20, mask, COLOUR)
    assert planes.y[20, 20:26].tolist() == [100, 100, 150, 150, 200, 200]
    assert planes.u[10, 10:13].tolist() == [128, 94, 60]


@pytest.mark.parametrize(("left", "top"), [(-10, -8), (60, 44), (-100, 0), (0, 200)])
def test_a_mask_may_hang_over_every_side(left: int, top: int) -> None:
    planes = blank()
    blend(planes, left, top, np.full((12, 16), 255, np.uint8), COLOUR)
    covered = np.zeros((48, 64), bool)
    covered[max(0, top) : max(0, top + 12), max(0, left) : max(0, left + 16)] = True
    assert ((planes.y == COLOUR.y) == covered).all()


def test_a_stamp_is_paper_and_ink() -> None:
    planes = blank()
    mask = np.zeros((6, 10), np.uint8)
    mask[2:4, 2:4] = 255
    stamp(planes, Area(10, 10, 20, 16), mask, ink=Yuv(16, 128, 128), paper=COLOUR)
    assert (planes.y[10, 10], planes.u[5, 5], planes.v[5, 5]) == COLOUR
    assert (planes.y[12, 12], planes.u[6, 6], planes.v[6, 6]) == (16, 128, 128)


def test_a_trail_fades_towards_its_beginning() -> None:
    planes = blank()
    points = np.array([[8, 24], [24, 24], [40, 24], [56, 24]], np.float32)
    trail(planes, points, np.array([50, 50, 120, 250], np.uint8), COLOUR, 4)
    old, middle, new = (int(planes.y[24, x]) for x in (14, 32, 50))
    assert GREY.y < old < middle < new
    assert (planes.y[:20] == GREY.y).all()
    assert (planes.y[30:] == GREY.y).all()


def test_a_trail_may_leave_the_frame() -> None:
    planes = blank()
    points = np.array([[-30, -30], [90, 70]], np.float32)
    trail(planes, points, np.array([200, 200], np.uint8), COLOUR, 2)
    assert planes.y[12, 20] > GREY.y


def test_one_point_is_no_trail() -> None:
    planes = blank()
    trail(planes, np.array([[8, 8]], np.float32), np.array([200], np.uint8), COLOUR, 2)
    assert (planes.y == GREY.y).all()
