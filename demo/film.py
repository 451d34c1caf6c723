"""H.264 films whose bytes depend on the frames only."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType

import av
import cv2
import numpy as np
from numpy.typing import NDArray

GOP_SECONDS = 2


class Film:
    """Writes RGB frames (H, W, 3) as one mp4; a context manager."""

    def __init__(self, path: Path, *, width: int, height: int, fps: int) -> None:
        self._container = av.open(str(path), "w", options={"movflags": "+faststart"})
        self._stream = self._container.add_stream("libx264", rate=fps)
        self._stream.width, self._stream.height = width, height
        self._stream.pix_fmt = "yuv420p"
        self._stream.thread_count = 1
        gop = fps * GOP_SECONDS
        strict = f"keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:threads=1"
        self._stream.options = {"preset": "veryfast", "crf": "24", "x264-params": strict}

    def add(self, frame: NDArray[np.uint8]) -> None:
        """Append one frame."""
        planes = cv2.cvtColor(frame, cv2.COLOR_RGB2YUV_I420)
        picture = av.VideoFrame.from_ndarray(planes.astype(np.uint8, copy=False), "yuv420p")
        for packet in self._stream.encode(picture):
            self._container.mux(packet)

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                for packet in self._stream.encode(None):
                    self._container.mux(packet)
        finally:
            self._container.close()
