"""Some frames of a normalised video, with as little decoding as its keyframes allow."""

from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

from shared.domain.video import Orientation
from shared.vision.colours import ColourSpace, colour_space_of
from shared.vision.container import open_container
from shared.vision.decode import Frame, read_frames
from shared.vision.frame_index import FrameIndex


def read_chosen(
    video: Path, index: FrameIndex, orientation: Orientation, ordinals: Sequence[int]
) -> Generator[tuple[Frame, bool]]:
    """Every frame that must be decoded on the way to these, and whether it is one of them.

    Args:
        ordinals: ascending.

    Raises:
        MediaError: `video_changed`.
    """
    for start, group in index.by_keyframe(ordinals):
        wanted = set(group)
        with closing(
            read_frames(video, index, orientation, start=start, stop=group[-1] + 1)
        ) as frames:
            for frame in frames:
                yield frame, frame.ordinal in wanted


def colour_space(video: Path) -> ColourSpace:
    """What the planes of a normalised video's frames mean."""
    with open_container(video, "mov") as container:
        return colour_space_of(container.streams.video[0].codec_context)
