"""Encode anything that decodes as sound H.264: upright, even sides, closed 2 s groups."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from shared.domain.video import Orientation
from shared.errors import MediaError
from shared.vision.container import open_container
from shared.vision.decode import planes_of
from shared.vision.encode import H264Writer
from shared.vision.orientation import upright
from shared.vision.tolerant import TolerantReader, video_stream

_GOP_SECONDS = 2.0
_CRF, _PRESET = 18, "veryfast"

Planes = tuple[NDArray[np.uint8], ...]


def reencode(
    source: Path, target: Path, *, demuxer: str, orientation: Orientation, fps: float,
    rate: float | None, limit: int, threaded: bool, on_frame: Callable[[int], None],
) -> None:  # fmt: skip
    """Decode, turn upright, scale stray sizes to the first frame's, and encode.

    Args:
        fps: average rate, for the length of a group of pictures.
        rate: frames per second to time frames by, where timestamps are unusable; else None.
        limit: frames to encode at most.
        threaded: decode in several threads; not for damaged files, where the result of that
            depends on timing.
        on_frame: called with the number of frames encoded so far.

    Raises:
        MediaError: `no_frames`.
    """
    with open_container(source, demuxer) as container:
        stream = video_stream(container, source)
        stream.thread_type = "AUTO" if threaded else "NONE"
        frames = islice(TolerantReader(container, stream).frames(), limit)
        timed = _timed_planes(frames, stream, orientation, rate)
        first = next(timed, None)
        if first is None:
            raise MediaError("no_frames", f"{source.name}: not one frame decodes.")
        height, width = first[1][0].shape
        gop = max(1, round(fps * _GOP_SECONDS))
        with H264Writer(
            target, width=width, height=height, gop=gop, crf=_CRF, preset=_PRESET
        ) as writer:
            writer.write(first[1], first[0])
            for done, (seconds, planes) in enumerate(timed, start=2):
                writer.write(planes, seconds)
                on_frame(done)


def _timed_planes(
    frames: Iterator[VideoFrame], stream: VideoStream, orientation: Orientation, rate: float | None
) -> Iterator[tuple[float, Planes]]:
    tick = float(stream.time_base or 0)
    width = height = zero = 0
    for ordinal, frame in enumerate(frames):
        if ordinal == 0:
            width, height, zero = frame.width, frame.height, frame.pts or 0
        plain = frame.reformat(width, height, "yuv420p")
        y, u, v = (upright(plane, orientation) for plane in planes_of(plain))
        seconds = ((frame.pts or 0) - zero) * tick if rate is None else ordinal / rate
        yield seconds, (_even(y), u, v)


def _even(y: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Repeat an odd last row or column; the chroma planes already have the half of that."""
    height, width = y.shape
    if height % 2 == 0 and width % 2 == 0:
        return y
    return np.pad(y, ((0, height % 2), (0, width % 2)), mode="edge")
