"""Pieces of an overlay video: drawn and encoded apart, joined by copying packets."""

from collections.abc import Callable, Sequence
from pathlib import Path

import av
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.vision.container import open_container
from shared.vision.decode import Frame, planes_of
from shared.vision.draw import Planes
from shared.vision.encode import TIME_BASE, H264Writer

# Measured at 1080p on one core: ultrafast 8 to 11 ms a frame, superfast 12 to 22, veryfast 17 to
# 25 at half the size; all of them above 44 dB. It writes no B-frames, so pieces join in order.
_PRESET, _CRF = "ultrafast", 25

_COLOUR_TAGS = ("colorspace", "color_range", "color_primaries", "color_trc")


class PartWriter(H264Writer):
    """Encodes one piece from a canvas that is drawn on again for every frame.

    Args:
        like: the stream whose frames are drawn on; its colour tags are kept.
        gop: frames from one keyframe to the next, at most.
    """

    def __init__(
        self, target: Path, *, width: int, height: int, gop: int, like: "av.VideoCodecContext"
    ) -> None:
        super().__init__(
            target, width=width, height=height, gop=gop, crf=_CRF, preset=_PRESET,
            faststart=False,
        )  # fmt: skip
        for tag in _COLOUR_TAGS:
            setattr(self._stream.codec_context, tag, getattr(like, tag))
        self._canvas = VideoFrame(width, height, "yuv420p")
        self._canvas.time_base = TIME_BASE

    def copied(self, frame: Frame) -> Planes:
        """The frame's planes on the canvas, to be drawn on before `write_canvas`."""
        self._canvas.make_writable()  # the encoder may still hold the picture before
        planes = Planes(*planes_of(self._canvas))
        for target, source in zip(planes, (frame.y, frame.u, frame.v), strict=True):
            target[:] = source
        return planes

    def write_canvas(self, tick: int) -> None:
        """Encode the canvas as shown from `tick` on, in units of `TIME_BASE`."""
        self._canvas.pts = tick
        self._container.mux(self._stream.encode(self._canvas))


def ticks(seconds: float) -> int:
    """A time in units of `TIME_BASE`."""
    return round(seconds / TIME_BASE)


def concatenate(
    parts: Sequence[tuple[Path, int]], target: Path, on_part: Callable[[], None]
) -> None:
    """Join pieces by copying their packets; the result plays before it has arrived whole.

    Args:
        parts: each piece and the tick at which it starts, ascending.
        on_part: called after each piece; what it raises ends the work.
    """
    options = {"movflags": "+faststart"}
    with av.open(str(target), "w", format="mp4", container_options=options) as joined:
        stream: VideoStream | None = None
        for path, start in parts:
            with open_container(path, "mov") as piece:
                source = piece.streams.video[0]
                if stream is None:
                    stream = joined.add_stream_from_template(source)
                    stream.time_base = TIME_BASE
                for packet in piece.demux(source):
                    if packet.pts is None or packet.dts is None:
                        continue  # the demuxer's end mark
                    packet.pts, packet.dts = packet.pts + start, packet.dts + start
                    packet.stream = stream
                    joined.mux(packet)
            on_part()
