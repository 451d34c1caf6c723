"""From the plane of a camera's picture to that of the map: fitting, checking, applying."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared.errors import InvalidInputError

_LEAST_POINTS = 4
_DEGENERATE = 1e-3
"""A singular value below this share of the largest leaves more than one solution open."""


@dataclass(frozen=True, slots=True)
class Homography:
    """From pixels of the upright frame to metres (or the map's unit) on the ground.

    Attributes:
        matrix: float64 (3, 3), scaled so that its third coordinate is positive on the near side of
            the horizon.
        error: root mean square distance on the map between the points given and the pixels mapped;
            None where nothing was given to compare with.
    """

    matrix: NDArray[np.float64]
    error: float | None = None


def fit_homography(pixels: ArrayLike, points: ArrayLike) -> Homography:
    """Fit (N, 2) map points to (N, 2) pixels, N at least 4, by the normalised direct linear
    transform (Hartley and Zisserman, Multiple View Geometry, 2nd ed., algorithm 4.2).

    Raises:
        InvalidInputError: `homography_invalid`: too few, unequal or not finite points; points that
            lie on one line or in one place; points on both sides of the horizon.
    """
    source, target = _pairs(pixels, points)
    to_source, to_target = _normalising(source), _normalising(target)
    equations = _equations(apply_matrix(to_source, source), apply_matrix(to_target, target))
    _, sizes, rows = np.linalg.svd(equations)
    if sizes[7] < _DEGENERATE * sizes[0]:
        raise _refused("the points lie on one line or in one place; spread them over the ground")
    normal = rows[-1].reshape(3, 3)
    if np.linalg.svd(normal, compute_uv=False)[-1] < _DEGENERATE:
        raise _refused("three of four points lie on one line; give others, spread over the ground")
    matrix = np.linalg.inv(to_target) @ normal @ to_source
    depth = np.append(source, np.ones((len(source), 1)), axis=1) @ matrix[2]
    if not (depth.min() > 0 or depth.max() < 0):
        raise _refused("points lie on both sides of the horizon; check which belongs to which")
    matrix = matrix / depth[np.argmax(np.abs(depth))]
    apart = np.linalg.norm(apply_matrix(matrix, source) - target, axis=1)
    return Homography(matrix, float(np.sqrt(np.mean(apart**2))))


def given_homography(matrix: ArrayLike, near: tuple[float, float]) -> Homography:
    """A matrix that somebody else fitted; `near` is a pixel (x, y) that shows ground.

    Raises:
        InvalidInputError: `homography_invalid`: not 3 × 3, not finite, singular, or `near` lies on
            its horizon.
    """
    try:
        given = np.asarray(matrix, np.float64)
    except (TypeError, ValueError):
        given = np.empty(0)
    if given.shape != (3, 3) or not np.isfinite(given).all():
        raise _refused("a matrix has three rows of three finite numbers")
    given = given / np.abs(given).max() if np.any(given) else given
    depth = float(given[2] @ (*near, 1.0))
    if abs(np.linalg.det(given)) < np.finfo(np.float64).eps or depth == 0:
        raise _refused("the matrix maps the picture to a line or a point; fit it anew")
    return Homography(given / depth)


def to_map(matrix: NDArray[np.float64], pixels: NDArray[np.floating]) -> NDArray[np.float64]:
    """(N, 2) pixels to (N, 2) map points; NaN for those on or beyond the horizon."""
    depth = np.append(pixels, np.ones((len(pixels), 1)), axis=1) @ matrix[2]
    points = np.full((len(pixels), 2), np.nan)
    seen = depth > np.finfo(np.float32).eps * np.abs(matrix[2]).max()
    points[seen] = apply_matrix(matrix, pixels[seen])
    return points


def apply_matrix(matrix: NDArray[np.float64], points: NDArray[np.floating]) -> NDArray[np.float64]:
    """Projective transform of (N, 2) points."""
    mapped = np.append(points, np.ones((len(points), 1)), axis=1) @ matrix.T
    return np.asarray(mapped[:, :2] / mapped[:, 2:])


def _pairs(pixels: ArrayLike, points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        source, target = np.asarray(pixels, np.float64), np.asarray(points, np.float64)
    except (TypeError, ValueError) as error:
        raise _refused("points are pairs of numbers") from error
    if source.ndim != 2 or source.shape[1] != 2 or source.shape != target.shape:
        raise _refused("image points and map points are two equally long lists of pairs")
    if len(source) < _LEAST_POINTS:
        raise _refused(
            f"{len(source)} pairs of points are given; at least {_LEAST_POINTS} are needed"
        )
    if not (np.isfinite(source).all() and np.isfinite(target).all()):
        raise _refused("a point is not finite")
    return source, target


def _normalising(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """The similarity that moves points to the origin and their mean distance from it to √2."""
    centre = points.mean(axis=0)
    spread = float(np.linalg.norm(points - centre, axis=1).mean())
    if spread == 0:
        raise _refused("all points are one; spread them over the ground")
    scale = np.sqrt(2) / spread
    return np.array(
        [[scale, 0, -scale * centre[0]], [0, scale, -scale * centre[1]], [0, 0, 1]], np.float64
    )


def _equations(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2 N, 9): both equations of each pair that the nine numbers of the matrix solve."""
    ones, zeros = np.ones((len(source), 1)), np.zeros((len(source), 3))
    line = np.hstack([source, ones])
    across = np.hstack([line, zeros, -target[:, :1] * line])
    down = np.hstack([zeros, line, -target[:, 1:] * line])
    return np.vstack([across, down])


def _refused(fault: str) -> InvalidInputError:
    return InvalidInputError("homography_invalid", f"homography: {fault}.")
