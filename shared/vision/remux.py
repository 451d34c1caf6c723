"""Move H.264 packets into an mp4 with sound timestamps, without decoding."""

from collections.abc import Callable
from pathlib import Path
from typing import cast

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from shared.errors import MediaError
from shared.vision.container import open_container
from shared.vision.encode import TIME_BASE
from shared.vision.frame_index import FrameIndex

OnPacket = Callable[[int], None]
"""What it raises ends the work."""


def _nobody(_: int) -> None:
    """Nobody wants to know."""


def remux(
    source: Path, demuxer: str, stream_index: int, index: FrameIndex, target: Path,
    on_packet: OnPacket = _nobody,
) -> None:  # fmt: skip
    """Write the packets that made the frames of `index`, at the index's times.

    Decoding times are the sorted presentation times moved back until none comes after its own
    presentation, which is what a stream with reordered frames needs.

    Args:
        on_packet: told how many packets were moved.

    Raises:
        MediaError: `cannot_remux`: the mp4 muxer does not take these packets.
    """
    order = np.argsort(index.packet)
    if not np.array_equal(index.packet[order], np.arange(len(index))):
        raise MediaError("cannot_remux", f"{source.name}: some packets give no frame.")
    pts = np.round(index.seconds / float(TIME_BASE)).astype(np.int64)
    presented = pts[order]
    decoded = pts - int(np.max(pts - presented))
    try:
        _copy_packets(
            source, demuxer, stream_index, target, presented, decoded, on_packet=on_packet
        )
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError("cannot_remux", f"{source.name}: {error}.") from error


def _copy_packets(
    source: Path, demuxer: str, stream_index: int, target: Path,
    pts: NDArray[np.int64], dts: NDArray[np.int64], *, on_packet: OnPacket,
) -> None:  # fmt: skip
    with (
        open_container(source, demuxer) as reading,
        av.open(str(target), "w", format="mp4", container_options={"movflags": "+faststart"}) as to,
    ):
        stream = cast(VideoStream, reading.streams[stream_index])
        copy = to.add_stream_from_template(stream)
        copy.time_base = TIME_BASE
        packets = (packet for packet in reading.demux(stream) if packet.size)
        for place, packet in zip(range(len(pts)), packets, strict=False):
            packet.stream, packet.time_base = copy, TIME_BASE
            packet.pts, packet.dts, packet.duration = int(pts[place]), int(dts[place]), 0
            to.mux(packet)
            on_packet(place + 1)


def packet_index(path: Path, on_packet: OnPacket = _nobody) -> FrameIndex:
    """The frame index of a sound mp4 from its packets alone, in presentation order.

    Args:
        on_packet: told how many packets were read.
    """
    packets = []
    with open_container(path, "mov") as container:
        stream = container.streams.video[0]
        for place, packet in enumerate(p for p in container.demux(stream) if p.size):
            packets.append((packet.pts, packet.is_keyframe, place))
            on_packet(place + 1)
        tick = float(stream.time_base or 0)
    packets.sort()
    pts = np.array([row[0] for row in packets], np.int64)
    return FrameIndex(
        pts=pts,
        seconds=np.round((pts - pts[0]) * tick, 6),
        keyframe=np.array([row[1] for row in packets], np.bool_),
        packet=np.array([row[2] for row in packets], np.int64),
    )
