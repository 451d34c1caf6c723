"""A longer video from a short one, by copying packets."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import av
from av.packet import Packet
from av.video.stream import VideoStream

from shared.vision.container import open_container


def loop_video(source: Path, target: Path, seconds: float) -> None:
    """Repeat an mp4 with closed groups of pictures until the first keyframe from `seconds` on."""
    with open_container(source, "mov") as container:
        stream = container.streams.video[0]
        if not stream.duration or stream.time_base is None:
            raise ValueError(f"{source.name} does not say how long it is")
        end = seconds / stream.time_base
        with av.open(str(target), "w", format="mp4") as joined:
            copy = joined.add_stream_from_template(stream)
            for packet in _repeated(source, stream.duration):
                if packet.is_keyframe and (packet.pts or 0) >= end:
                    return
                packet.stream = copy
                joined.mux(packet)


def _repeated(source: Path, length: int) -> "Iterator[Packet[VideoStream]]":
    """The packets again and again, each time `length` ticks later."""
    for start in itertools.count(step=length):
        with open_container(source, "mov") as container:
            for packet in container.demux(container.streams.video[0]):
                if packet.pts is None or packet.dts is None:
                    continue  # the demuxer's end mark
                packet.pts, packet.dts = packet.pts + start, packet.dts + start
                yield packet
