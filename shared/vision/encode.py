"""H.264 that every browser plays: High profile, 8-bit 4:2:0, mp4."""

from fractions import Fraction
from pathlib import Path
from typing import Self

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

TIME_BASE = Fraction(1, 90_000)
"""The clock of MPEG systems; fine enough that no two frames share a tick."""

_THREADS = 4
"""x264's output depends on its thread count, so it never follows the machine."""

_X264 = "open-gop=0:scenecut=0:force-cfr=0:mbtree=0"
"""With mbtree the same frames now and then gave other bytes, and so other detections."""


class H264Writer:
    """Writes frames with their own timestamps; closed groups of pictures of fixed length."""

    def __init__(
        self, target: Path, *, width: int, height: int, gop: int, crf: int, preset: str,
        faststart: bool = True,
    ) -> None:  # fmt: skip
        options = {"movflags": "+faststart"} if faststart else {}
        self._container = av.open(str(target), "w", format="mp4", container_options=options)
        self._stream = self._container.add_stream("libx264", rate=30)
        context = self._stream.codec_context
        context.width, context.height, context.pix_fmt = width, height, "yuv420p"
        context.time_base = self._stream.time_base = TIME_BASE
        context.thread_count, context.gop_size = _THREADS, gop
        context.options = {
            "preset": preset,
            "crf": str(crf),
            "x264-params": _X264,
        }
        self._last = -1

    def write(self, planes: tuple[NDArray[np.uint8], ...], seconds: float) -> None:
        """Encode one frame.

        Args:
            planes: y (H, W), u and v (H/2, W/2), uint8.
            seconds: presentation time; later than the frame before.
        """
        frame = frame_from_planes(planes)
        frame.time_base = TIME_BASE
        frame.pts = self._last = max(self._last + 1, round(seconds / TIME_BASE))
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._container.mux(self._stream.encode(None))
        self._container.close()


def frame_from_planes(planes: tuple[NDArray[np.uint8], ...]) -> VideoFrame:
    """A yuv420p frame that owns a copy of the planes."""
    height, width = planes[0].shape
    frame = VideoFrame(width, height, "yuv420p")
    for plane, content in zip(frame.planes, planes, strict=True):
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        rows[: content.shape[0], : content.shape[1]] = content
    return frame
