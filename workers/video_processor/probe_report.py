"""What is asked of the process that decodes first, and what it answers."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.video import Orientation


@dataclass(frozen=True, slots=True)
class ProbeRequest:
    """What to decode, how far, and the limits that the child sets for itself."""

    source: Path
    index: Path
    frame_limit: int | None
    max_pixels: int
    max_seconds: float
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class ProbeReport:
    """What decoding found; sizes are of the stored frame, before it is turned upright.

    Attributes:
        stream: index of the video stream in the file.
        first_video: whether it is the first video stream.
        size_changes: frames whose size or pixel format differs from the first frame's.
        timed_by_rate: timestamps were unusable; frame times follow the announced rate.
        odd_matrix: a display matrix that is no quarter turn was ignored.
    """

    container: str
    stream: int
    first_video: bool
    codec: str
    pixel_format: str
    width: int
    height: int
    orientation: Orientation
    announced_frame_count: int
    announced_fps: float
    announced_seconds: float
    frame_count: int
    packet_count: int
    complete: bool
    decode_errors: int
    first_error: str
    corrupt_frames: int
    size_changes: int
    timed_by_rate: bool
    odd_matrix: bool
