"""Upright frames of a normalised video, by ordinal."""

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from shared.domain.video import Orientation
from shared.errors import MediaError
from shared.vision.container import open_container
from shared.vision.frame_index import FrameIndex
from shared.vision.orientation import upright

Plane = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Frame:
    """One upright frame as I420 planes.

    The planes look into the decoder's memory: copy them before drawing.

    Attributes:
        ordinal: place in presentation order, 0-based.
        seconds: time since the first frame.
        y: uint8 (H, W); u, v: uint8 (H/2, W/2); H and W are even.
    """

    ordinal: int
    seconds: float
    y: Plane
    u: Plane
    v: Plane


def planes_of(frame: av.VideoFrame) -> tuple[Plane, Plane, Plane]:
    """Views of the three planes of an 8-bit 4:2:0 frame: (H, W), (H/2, W/2), (H/2, W/2)."""
    views = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        views.append(rows[: plane.height, : plane.width])
    return views[0], views[1], views[2]


def read_frames(
    path: Path,
    index: FrameIndex,
    orientation: Orientation = Orientation.UPRIGHT,
    *,
    start: int = 0,
    stop: int | None = None,
    every: int = 1,
) -> Generator[Frame]:
    """Decode frames `start` (a keyframe) to `stop`, exclusive; yield those divisible by `every`.

    Decoding goes on until the frame itself comes out: cutting at packets would lose the
    frames of open groups of pictures. One decoding thread, so that the order of work and the
    number of threads do not depend on the machine.

    Raises:
        MediaError: `video_changed`: the file holds other frames than its index.
    """
    last = len(index) if stop is None else min(stop, len(index))
    expected = start
    with closing(_decode_from(path, index, start)) as frames:
        for expected in range(start, last):
            frame = next(frames, None)
            if frame is None or frame.pts != index.pts[expected]:
                found = "ends" if frame is None else f"shows tick {frame.pts}"
                raise MediaError(
                    "video_changed",
                    f"{path.name} {found} at frame {expected} where its index has tick "
                    f"{index.pts[expected]}; the file was changed, run the task again.",
                )
            if expected % every == 0:
                y, u, v = (upright(plane, orientation) for plane in planes_of(frame))
                yield Frame(expected, float(index.seconds[expected]), y, u, v)


def _decode_from(path: Path, index: FrameIndex, start: int) -> Generator[av.VideoFrame]:
    with open_container(path, "mov") as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        if start:
            container.seek(int(index.pts[start]), stream=stream, backward=True, any_frame=False)
        for frame in container.decode(stream):
            if start and (frame.pts is None or frame.pts < index.pts[start]):
                continue
            yield frame
