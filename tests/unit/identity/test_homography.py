"""Planes: what is fitted, what is refused, what lies beyond the horizon."""

import numpy as np
import pytest

from shared.errors import InvalidInputError
from shared.identity.homography import fit_homography, given_homography, to_map

_TRUTH = np.array([[0.02, 0.001, -3.0], [0.0005, 0.05, -9.0], [0.00002, 0.0022, 0.1]])
_PIXELS = np.array([[40, 200], [600, 210], [80, 470], [580, 460], [300, 330], [420, 250]], float)
_POINTS = to_map(_TRUTH, _PIXELS)


@pytest.mark.parametrize("count", [4, 6])
def test_points_that_fit_give_their_homography(count: int) -> None:
    found = fit_homography(_PIXELS[:count], _POINTS[:count])
    np.testing.assert_allclose(found.matrix / found.matrix[2, 2] * 0.1, _TRUTH, rtol=1e-6)
    assert found.error is not None
    assert found.error < 1e-9


def test_the_error_tells_how_far_points_are_off() -> None:
    moved = _POINTS + np.random.default_rng(1).normal(0, 0.1, _POINTS.shape)
    error = fit_homography(_PIXELS, moved).error
    assert error is not None
    assert 0.01 < error < 0.2


def _refusal(pixels: object, points: object) -> str:
    with pytest.raises(InvalidInputError) as refused:
        fit_homography(pixels, points)  # type: ignore[arg-type]
    assert refused.value.code == "homography_invalid"
    return refused.value.message


_LINE = np.stack([np.arange(6) * 80.0, np.arange(6) * 40.0 + 100], axis=1)


@pytest.mark.parametrize(
    ("pixels", "points", "word"),
    [
        (_PIXELS[:3], _POINTS[:3], "3 pairs"),
        (_PIXELS, _POINTS[:4], "equally long"),
        ([[1, 2], [3]], _POINTS[:2], "pairs of numbers"),
        ("somewhere", _POINTS, "pairs of numbers"),
        (_PIXELS, _POINTS * np.nan, "finite"),
        (np.ones((6, 2)), _POINTS, "all points are one"),
        (_LINE, _POINTS, "one line"),
        (_PIXELS, _LINE, "one line"),
        ([[0, 0], [100, 0], [200, 0], [50, 80]], [[0, 0], [1, 1], [2, 0], [0, 3]], "on one line"),
        (_PIXELS, _POINTS[[1, 0, 2, 3, 4, 5]], "horizon"),
    ],
)
def test_points_that_give_no_plane_are_refused(pixels: object, points: object, word: str) -> None:
    assert word in _refusal(pixels, points)


def test_what_lies_beyond_the_horizon_is_nowhere() -> None:
    matrix = fit_homography(_PIXELS, _POINTS).matrix
    places = to_map(matrix, np.array([[320.0, 400.0], [320.0, -48.4], [320.0, -200.0]]))
    assert np.isfinite(places[0]).all()
    assert np.isnan(places[2]).all()


def test_a_given_matrix_is_turned_so_that_its_near_side_is_the_ground() -> None:
    pixel = np.array([[320.0, 480.0]])
    for sign in (1, -1):
        found = given_homography(_TRUTH * sign, (320, 479))
        np.testing.assert_allclose(to_map(found.matrix, pixel), to_map(_TRUTH, pixel))


@pytest.mark.parametrize(
    "matrix",
    [np.zeros((3, 3)), np.ones((3, 3)), np.eye(2), [[1, 2, 3]] * 3, "H"],
)
def test_a_matrix_that_maps_no_plane_is_refused(matrix: object) -> None:
    with pytest.raises(InvalidInputError):
        given_homography(matrix, (320, 479))  # type: ignore[arg-type]
