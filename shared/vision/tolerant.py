"""Decode whatever still decodes, and count what does not."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.container import InputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from shared.errors import MediaError


@dataclass(slots=True)
class Damage:
    """What decoding lost.

    Attributes:
        errors: packets that the decoder refused, and reads that the demuxer gave up on.
        first: the decoder's words for the first of them.
        corrupt_frames: frames that came out with parts made up by the decoder.
    """

    errors: int = 0
    first: str = ""
    corrupt_frames: int = 0

    def count(self, error: av.error.FFmpegError) -> None:
        """Note one more error."""
        self.errors += 1
        self.first = self.first or str(error.strerror)


@dataclass(slots=True)
class TolerantReader:
    """Frames of one video stream in presentation order, damaged places skipped.

    Attributes:
        packets: packets read so far.
        keyframes: a byte for each packet: 1 where the container marks it as a keyframe.
    """

    container: InputContainer
    stream: VideoStream
    damage: Damage = field(default_factory=Damage)
    packets: int = 0
    keyframes: bytearray = field(default_factory=bytearray)

    def frames(self) -> Generator[VideoFrame]:
        """Every frame that decodes; `frame.opaque` is the place of its packet in the file."""
        self.stream.codec_context.copy_opaque = True
        for packet in self._packets():
            try:
                decoded = self.stream.codec_context.decode(packet)
            except av.error.FFmpegError as error:
                self.damage.count(error)
                continue
            for frame in decoded:
                self.damage.corrupt_frames += frame.is_corrupt
                yield frame

    def _packets(self) -> "Iterator[Packet[VideoStream] | None]":
        demuxed = self.container.demux(self.stream)
        while True:
            try:
                packet = next(demuxed)
            except StopIteration:
                return
            except av.error.FFmpegError as error:
                self.damage.count(error)
                yield None  # flush: the frames still inside the decoder are good
                return
            if not packet.size:
                yield None
                continue
            packet.opaque = self.packets
            self.packets += 1
            self.keyframes.append(packet.is_keyframe)
            yield packet


def video_stream(container: InputContainer, path: Path) -> VideoStream:
    """The stream that a player would show; cover pictures do not count.

    Raises:
        MediaError: `no_video`: audio only, or nothing at all.
    """
    shown = [
        stream
        for stream in container.streams.video
        if not stream.disposition & av.stream.Disposition.attached_pic
    ]
    if not shown:
        raise MediaError(
            "no_video", f"{path.name} holds no video stream; give a file with pictures in it."
        )
    best = container.streams.best("video")
    return best if best in shown else shown[0]
