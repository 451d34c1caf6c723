"""What each decoded frame tells, gathered into an index and a report."""

from array import array
from itertools import pairwise

import av
import numpy as np
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.domain.video import Orientation
from shared.vision.frame_index import FrameIndex
from shared.vision.orientation import orientation_of
from shared.vision.tolerant import TolerantReader
from workers.video_processor.probe_report import ProbeReport

LOOKAHEAD_FRAMES = 32
"""Frames decoded past a limit, so that every packet before it is known: H.264 reorders 16."""

_UNKNOWN_PTS = -(2**63)
_SANE_FPS = (0.1, 480.0)
_FALLBACK_FPS = 25.0


class Scan:
    """Collects what the frames of a reader tell, in 17 bytes a frame.

    Attributes:
        shape: width, height and pixel format of the first frame.
    """

    def __init__(self, reader: TolerantReader) -> None:
        self._reader = reader
        self.shape: tuple[int, int, str] | None = None
        self._orientation: Orientation | None = Orientation.UPRIGHT
        self._pts, self._packets, self._keyframes = array("q"), array("q"), bytearray()
        self._size_changes = 0

    def add(self, frame: VideoFrame) -> None:
        """Take the next frame in presentation order."""
        shape = (frame.width, frame.height, frame.format.name)
        if self.shape is None:
            self.shape, self._orientation = shape, orientation_of(frame)
        elif shape != self.shape:
            self._size_changes += 1
        self._pts.append(_UNKNOWN_PTS if frame.pts is None else frame.pts)
        self._packets.append(frame.opaque if isinstance(frame.opaque, int) else -1)
        self._keyframes.append(frame.key_frame)

    def index(self) -> tuple[FrameIndex, bool]:
        """The frames, timed by their timestamps; and whether those were of no use.

        Then times follow the announced rate.
        """
        stream, count = self._reader.stream, len(self._pts)
        usable = _UNKNOWN_PTS not in self._pts and all(a < b for a, b in pairwise(self._pts))
        if usable:
            pts = np.array(self._pts, np.int64)
            seconds = np.round((pts - pts[0]) * float(stream.time_base or 0), 6)
        else:
            pts = np.arange(count, dtype=np.int64)
            seconds = np.round(pts / _announced_fps(stream), 6)
        packets = np.array(self._packets, np.int64)
        return FrameIndex(pts, seconds, self._seekable(packets), packets), not usable

    def _seekable(self, packets: np.typing.NDArray[np.int64]) -> np.typing.NDArray[np.bool_]:
        """Keyframes for the decoder whose packets the container marks as such too."""
        marked = np.frombuffer(self._reader.keyframes, np.bool_)
        return np.frombuffer(self._keyframes, np.bool_) & (packets >= 0) & marked[packets]

    def report(self, demuxer: str, limit: int | None, timed_by_rate: bool) -> ProbeReport:
        """Everything but the frames themselves."""
        width, height, pixel_format = self.shape or (0, 0, "")
        reader, stream, count = self._reader, self._reader.stream, len(self._pts)
        return ProbeReport(
            container=demuxer,
            stream=stream.index,
            first_video=stream is reader.container.streams.video[0],
            codec=stream.codec_context.codec.canonical_name,
            pixel_format=pixel_format,
            width=width,
            height=height,
            orientation=self._orientation or Orientation.UPRIGHT,
            announced_frame_count=stream.frames,
            announced_fps=float(stream.average_rate or 0),
            announced_seconds=_announced_seconds(reader),
            frame_count=count if limit is None else min(count, limit),
            packet_count=reader.packets,
            complete=limit is None or count <= limit,
            decode_errors=reader.damage.errors,
            first_error=reader.damage.first,
            corrupt_frames=reader.damage.corrupt_frames,
            size_changes=self._size_changes,
            timed_by_rate=timed_by_rate,
            odd_matrix=self._orientation is None,
        )


def _announced_seconds(reader: TolerantReader) -> float:
    """The stream's own length where it has one: the container's may be that of longer sound."""
    stream = reader.stream
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return (reader.container.duration or 0) / av.time_base


def _announced_fps(stream: VideoStream) -> float:
    rate = float(stream.average_rate or stream.guessed_rate or 0)
    return rate if _SANE_FPS[0] <= rate <= _SANE_FPS[1] else _FALLBACK_FPS
