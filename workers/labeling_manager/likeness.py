"""Which pictures are nearly the same."""

import cv2
import numpy as np
from numpy.typing import NDArray

SIGNATURE_SIDE = 32
_UNSEEN, _ALIKE = 16, 64
"""Of 256 grey levels: by so much a cell may differ for nothing, as by compression or a hand that
holds the camera; what goes beyond it, added up over the cells, is less than so much in two pictures
that are nearly the same. A subject that fills one cell is more.
"""


def signature(luminance: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """uint8 (1024,): the luminance (H, W) of a picture in 32 x 32 cells."""
    side = (SIGNATURE_SIDE, SIGNATURE_SIDE)
    small = np.asarray(cv2.resize(luminance, side, interpolation=cv2.INTER_AREA), np.uint8)
    return small.reshape(-1)


def alike(signatures: NDArray[np.uint8], one: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether each of these pictures is nearly the same as this one, bool (N,)."""
    apart = np.maximum(signatures, one) - np.minimum(signatures, one)
    beyond = np.maximum(apart, _UNSEEN) - _UNSEEN
    return np.asarray(beyond.sum(axis=1, dtype=np.int64) < _ALIKE, np.bool_)


def too_near(signatures: NDArray[np.uint8], held_out: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether each picture is nearly the same as one that is held out, and is not so itself.

    Args:
        signatures: uint8 (N, 1024).
        held_out: bool (N,).
    """
    near = np.zeros(len(held_out), np.bool_)
    for one in signatures[held_out]:
        near |= alike(signatures, one)
    return near & ~held_out
