"""What is known of a video once it has been decoded."""

from dataclasses import dataclass, field
from enum import StrEnum


class Orientation(StrEnum):
    """How stored frames must be turned to stand upright (clockwise; mirror first, then turn)."""

    UPRIGHT = "upright"
    TURN_90 = "turn_90"
    TURN_180 = "turn_180"
    TURN_270 = "turn_270"
    MIRROR = "mirror"
    MIRROR_TURN_90 = "mirror_turn_90"
    MIRROR_TURN_180 = "mirror_turn_180"
    MIRROR_TURN_270 = "mirror_turn_270"

    @property
    def swaps_sides(self) -> bool:
        """True where the upright width is the stored height."""
        return self.endswith(("_90", "_270"))


@dataclass(frozen=True, slots=True)
class VideoMeta:
    """Facts of one video. Sizes are of the upright frame in pixels, times in seconds.

    Attributes:
        container: the demuxer that the file's first bytes named, such as `mov`.
        frame_count: frames that decoded, not what the header announces.
        fps: frames over duration by the timestamps; the header's rate is `announced_fps`.
        modified_ns: when its bytes were last written, in nanoseconds since 1970.
        decode_errors: packets that did not decode.
        lost: one sentence for each thing that was lost or repaired; empty for a sound file.
        complete: False when decoding stopped early because a frame limit was asked for.
    """

    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    orientation: Orientation
    frame_count: int
    fps: float
    duration_seconds: float
    announced_frame_count: int
    announced_fps: float
    size_bytes: int
    sha256: str
    modified_ns: int
    decode_errors: int = 0
    complete: bool = True
    lost: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a video: frames `start` (a keyframe) to `stop`, exclusive, by ordinal."""

    number: int
    start: int
    stop: int
