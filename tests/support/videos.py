"""Small real videos of every awkward kind, made with PyAV."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray

WIDTH, HEIGHT, FPS = 96, 64, 10


def picture(ordinal: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """RGB (height, width, 3): a bright square that moves right, a red corner at the top left."""
    image = np.full((height, width, 3), 60, np.uint8)
    image[: height // 4, : width // 4] = (220, 30, 30)
    left = 4 + ordinal * 2 % max(1, width - 24)
    image[height // 2 : height // 2 + 16, left : left + 16] = 230
    return image


def make_video(
    path: Path,
    *,
    seconds: Iterable[float] | None = None,
    frames: int = 30,
    codec: str = "libx264",
    pixel_format: str = "yuv420p",
    size: tuple[int, int] = (WIDTH, HEIGHT),
    gop: int = 10,
    options: dict[str, str] | None = None,
    container_options: dict[str, str] | None = None,
    rate: int = FPS,
    sound_seconds: float = 0,
) -> Path:
    """Write frames at these times (default: at a constant 10 fps), and silence if asked for."""
    times = list(seconds) if seconds is not None else [n / FPS for n in range(frames)]
    with av.open(str(path), "w", container_options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height = size
        stream.pix_fmt = pixel_format
        stream.codec_context.gop_size = gop
        stream.codec_context.thread_count = 1  # x264 by bit rate differs from run to run with two
        stream.codec_context.time_base = Fraction(1, 1000)
        stream.time_base = Fraction(1, 1000)
        sound = container.add_stream("aac", rate=8000, layout="mono") if sound_seconds else None
        for ordinal, time in enumerate(times):
            frame = VideoFrame.from_ndarray(picture(ordinal, *size), "rgb24")
            frame = frame.reformat(format=pixel_format)
            frame.pts, frame.time_base = round(time * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if sound:
            container.mux([*sound.encode(_silence(sound_seconds)), *sound.encode(None)])
    return path


def long_video(folder: Path) -> Path:
    """Few pictures many times over: quick to write, long to decode."""
    once = make_video(
        folder / "once.mkv", frames=10, size=(1920, 1080),
        options={"crf": "40", "bf": "0", "preset": "ultrafast"},
    )  # fmt: skip
    target = folder / "long.mkv"
    with av.open(str(once)) as reading, av.open(str(target), "w") as writing:
        source = reading.streams.video[0]
        stream = writing.add_stream_from_template(source)
        packets = [(bytes(p), p.is_keyframe) for p in reading.demux(source) if p.size]
        for place in range(20_000):
            content, key = packets[place % len(packets)]
            packet = av.Packet(content)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 30), key
            packet.pts = packet.dts = place
            writing.mux(packet)
    return target


def _silence(seconds: float) -> AudioFrame:
    frame = AudioFrame.from_ndarray(np.zeros((1, int(seconds * 8000)), np.float32), "fltp", "mono")
    frame.sample_rate = 8000
    return frame


def turn_in_header(path: Path, matrix: tuple[int, int, int, int]) -> Path:
    """Write a display matrix (a, b, c, d as signs) into the mp4's track header."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 4 + 40  # ISO/IEC 14496-12, 8.3.2, version 0
    a, b, c, d = (value * 0x10000 for value in matrix)
    rows = (a, b, 0, c, d, 0, 0, 0, 0x40000000)
    data[start : start + 36] = b"".join(v.to_bytes(4, "big", signed=True) for v in rows)
    path.write_bytes(data)
    return path


def damage(path: Path, *, at: float, length: int = 400, seed: int = 1) -> Path:
    """Overwrite bytes at this share of the file with noise."""
    data = bytearray(path.read_bytes())
    start = int(len(data) * at)
    noise = np.random.default_rng(seed).integers(0, 256, length, np.uint8).tobytes()
    data[start : start + length] = noise
    path.write_bytes(data)
    return path


def truncate(path: Path, *, keep: float) -> Path:
    """Cut the file's end off."""
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path
