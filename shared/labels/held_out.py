"""Which pictures a model is measured on, and never trained on: decided for ever.

Whether a picture is held out follows from what it is alone: a frame's place in its video and the
hash of that video, or the hash of a picture that comes from no video. No other picture, no round
of training and no order has a say, so what an earlier model was measured on trains no later one.

Neighbouring frames are nearly the same picture, so a video is split by stretches of time. Of every
five stretches in a row the video's hash takes one. The first stretches are short and the later
ones long, so that a short video has both kinds; and since a stretch begins and ends where it does
however long the video goes on, reading only its beginning changes nothing.
"""

import hashlib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared.errors import InvalidInputError

SHARE = 0.2
_ONE_IN = 5
_SHORTEST, _LONGEST = 4, 256
"""Frames of a stretch: of the first five, and at most; each five are twice as long as those before.
"""

_PURPOSE = "trackloop held out"
"""Keeps this draw apart from all else that is drawn by a hash."""
_SHA256 = re.compile(r"[0-9a-f]{64}")


def held_out_frames(video_sha256: str, ordinals: Sequence[int]) -> NDArray[np.bool_]:
    """Whether each of these frames is held out, bool (N,).

    Args:
        video_sha256: of the video as it came; a file that was encoded anew has another.
        ordinals: places in presentation order, 0-based.

    Raises:
        InvalidInputError: `bad_sha256`.
        ValueError: a place is negative.
    """
    _check(video_sha256)
    blocks: dict[int, int] = {}
    held = []
    for ordinal in ordinals:
        block, stretch = _place(ordinal)
        if block not in blocks:
            blocks[block] = _draw(f"{video_sha256} {block}")
        held.append(blocks[block] == stretch)
    return np.array(held, np.bool_)


def picture_held_out(picture_sha256: str) -> bool:
    """Whether a picture that comes from no video is held out, by the hash of its file.

    Raises:
        InvalidInputError: `bad_sha256`.
    """
    _check(picture_sha256)
    return _draw(picture_sha256) == 0


def stretch_of(ordinal: int) -> int:
    """The number of the stretch that a frame lies in, 0-based.

    Raises:
        ValueError: the place is negative.
    """
    block, stretch = _place(ordinal)
    return block * _ONE_IN + stretch


def _place(ordinal: int) -> tuple[int, int]:
    """The five stretches that a frame lies in, and which of them, both 0-based."""
    if ordinal < 0:
        raise ValueError(f"frame {ordinal} is before the first")
    block, start, length = 0, 0, _SHORTEST
    while ordinal >= start + _ONE_IN * length:
        if length == _LONGEST:
            further = (ordinal - start) // (_ONE_IN * length)
            return block + further, (ordinal - start) // length % _ONE_IN
        block, start, length = block + 1, start + _ONE_IN * length, min(2 * length, _LONGEST)
    return block, (ordinal - start) // length


def _draw(text: str) -> int:
    """0 to 4, each as likely, for ever the same."""
    digest = hashlib.sha256(f"{_PURPOSE} {text}".encode()).digest()
    return int.from_bytes(digest[:8], "big") % _ONE_IN


def _check(sha256: str) -> None:
    if not _SHA256.fullmatch(sha256):
        raise InvalidInputError(
            "bad_sha256",
            f"sha256: {sha256[:80]!r} is not 64 lower-case hexadecimal digits; give the hash of "
            "the file.",
        )
