"""Drawing on I420 planes, in place: numpy in, numpy out.

Colour has half the resolution of light, so whatever is filled begins and ends at even pixels.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from shared.vision.colours import Yuv

Plane = NDArray[np.uint8]

_SUBPIXEL_BITS = 3


class Planes(NamedTuple):
    """A writable frame: y uint8 (H, W); u, v uint8 (H/2, W/2); H and W are even."""

    y: Plane
    u: Plane
    v: Plane


class Area(NamedTuple):
    """Pixels `left` to `right` and `top` to `bottom`, ends exclusive, all even."""

    left: int
    top: int
    right: int
    bottom: int


def area_of(box: Sequence[float], planes: Planes) -> Area:
    """The box (x1, y1, x2, y2 in pixels) widened to even pixels and cut to the frame."""
    height, width = planes.y.shape
    left, top = (2 * int(max(0.0, value) // 2) for value in box[:2])
    right, bottom = (2 * int(-(-value // 2)) for value in box[2:])
    right, bottom = min(right, width), min(bottom, height)
    return Area(min(left, right), min(top, bottom), right, bottom)


def fill(planes: Planes, area: Area, colour: Yuv) -> None:
    """Cover an area with one colour."""
    left, top, right, bottom = area
    planes.y[top:bottom, left:right] = colour.y
    planes.u[top // 2 : bottom // 2, left // 2 : right // 2] = colour.u
    planes.v[top // 2 : bottom // 2, left // 2 : right // 2] = colour.v


def outline(planes: Planes, area: Area, colour: Yuv, thickness: int) -> None:
    """Draw the frame of an area, inside it; `thickness` in pixels, even."""
    left, top, right, bottom = area
    across = min(thickness, right - left)
    down = min(thickness, bottom - top)
    fill(planes, Area(left, top, right, top + down), colour)
    fill(planes, Area(left, bottom - down, right, bottom), colour)
    fill(planes, Area(left, top, left + across, bottom), colour)
    fill(planes, Area(right - across, top, right, bottom), colour)


def blend(planes: Planes, left: int, top: int, mask: Plane, colour: Yuv) -> None:
    """Lay a colour over the frame as thick as the mask says.

    Args:
        left, top: even pixels where the mask begins; it may hang over any side of the frame.
        mask: uint8 (h, w), 0 leaves the frame and 255 replaces it; h and w are even.
    """
    height, width = planes.y.shape
    from_x, from_y = max(0, -left), max(0, -top)
    cut = mask[from_y : max(from_y, height - top), from_x : max(from_x, width - left)]
    if not cut.size:
        return
    left, top = left + from_x, top + from_y
    rows, columns = cut.shape
    _mix(planes.y[top : top + rows, left : left + columns], cut, colour.y)
    half = _halved(cut)
    place = np.s_[top // 2 : (top + rows) // 2, left // 2 : (left + columns) // 2]
    _mix(planes.u[place], half, colour.u)
    _mix(planes.v[place], half, colour.v)


def stamp(planes: Planes, area: Area, mask: Plane, ink: Yuv, paper: Yuv) -> None:
    """Cover an area with `paper`, and with `ink` as thick as the mask says.

    Args:
        mask: uint8 (h, w), at least as large as the area; what is beyond it is cut off.
    """
    left, top, right, bottom = area
    cut = mask[: bottom - top, : right - left]
    if not cut.size:
        return
    planes.y[top:bottom, left:right] = _between(cut, paper.y, ink.y)
    half = _halved(cut)
    place = np.s_[top // 2 : bottom // 2, left // 2 : right // 2]
    planes.u[place] = _between(half, paper.u, ink.u)
    planes.v[place] = _between(half, paper.v, ink.v)


def _halved(mask: Plane) -> Plane:
    size = (mask.shape[1] // 2, mask.shape[0] // 2)
    return np.asarray(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), np.uint8)


def _between(mask: Plane, empty: int, full: int) -> Plane:
    return np.asarray(cv2.convertScaleAbs(mask, alpha=(full - empty) / 255, beta=empty), np.uint8)


def _mix(pixels: Plane, mask: Plane, value: int) -> None:
    """pixels · (1 − mask) + value · mask; exact where the mask is 0."""
    kept = cv2.multiply(pixels, cv2.bitwise_not(mask), scale=1 / 255)
    cv2.add(kept, cv2.convertScaleAbs(mask, alpha=value / 255), dst=pixels)


def trail(
    planes: Planes, points: NDArray[np.float32], opacity: NDArray[np.uint8], colour: Yuv,
    thickness: int,
) -> None:  # fmt: skip
    """Draw a line through points, each stretch as opaque as the point that it leads to.

    Args:
        points: float32 (N, 2), pixels, oldest first.
        opacity: uint8 (N,), ascending; equal neighbours are drawn in one go.
        thickness: pixels.
    """
    if len(points) < 2:
        return
    margin = thickness + 2
    origin = (np.floor(points.min(axis=0) / 2).astype(int) - margin) * 2
    size = (np.ceil(points.max(axis=0) / 2).astype(int) + margin) * 2 - origin
    mask = np.zeros((int(size[1]), int(size[0])), np.uint8)
    local = np.rint((points - origin) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    edges = [1, *(np.flatnonzero(np.diff(opacity[1:])) + 2).tolist(), len(points)]
    for start, stop in pairwise(edges):
        line = local[start - 1 : stop].reshape(1, -1, 2)
        level = int(opacity[start])
        cv2.polylines(mask, list(line), False, level, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
    blend(planes, int(origin[0]), int(origin[1]), mask, colour)
