"""A video at a glance: evenly spaced frames on one picture."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from shared.errors import MediaError
from shared.vision.container import open_container
from shared.vision.lettering import Lettering

Image = NDArray[np.uint8]

_TILE_WIDTH = 480
_CAPTION = 26
_GAP = 8
_PAPER, _INK = 24, 235  # grey levels


def contact_sheet(video: Path, frames: int = 12, columns: int = 4, title: str = "") -> Image:
    """Evenly spaced frames, the first and the last among them, each with its number and time.

    Args:
        video: an mp4, such as the overlay.
        frames: tiles at most; a shorter video gives fewer.
        columns: tiles in a row.
        title: what each caption begins with.

    Returns:
        uint8 (H, W, 3), BGR.

    Raises:
        MediaError: `not_a_video` or `no_frames`.
    """
    tiles = [_tile(image, f"{title}frame {ordinal}   {_clock(seconds)}")
             for ordinal, seconds, image in _chosen(video, frames)]  # fmt: skip
    if not tiles:
        raise MediaError("no_frames", f"{video.name} holds no frame; run the task again.")
    rows = -(-len(tiles) // columns)
    height, width = tiles[0].shape[0] + _GAP, tiles[0].shape[1] + _GAP
    shown = min(columns, len(tiles))
    sheet = np.full((rows * height + _GAP, shown * width + _GAP, 3), _PAPER, np.uint8)
    for place, tile in enumerate(tiles):
        top, left = _GAP + place // columns * height, _GAP + place % columns * width
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    return sheet


def write_contact_sheet(
    videos: Sequence[Path], target: Path, frames: int = 12, columns: int = 4
) -> None:
    """Write a PNG: the videos below each other, at least one row of frames each.

    Args:
        videos: one or more; of several, each is named by the folder that it lies in.
        frames: tiles in all, about.

    Raises:
        MediaError: see `contact_sheet`.
    """
    share = max(columns, frames // len(videos))
    titles = [f"{video.parent.name}   " if len(videos) > 1 else "" for video in videos]
    sheets = [contact_sheet(video, share, columns, title)
              for video, title in zip(videos, titles, strict=True)]  # fmt: skip
    width = max(sheet.shape[1] for sheet in sheets)
    padded = [np.pad(sheet, ((0, 0), (0, width - sheet.shape[1]), (0, 0)), constant_values=_PAPER)
              for sheet in sheets]  # fmt: skip
    target.write_bytes(cv2.imencode(".png", np.vstack(padded))[1].tobytes())


def _chosen(video: Path, count: int) -> Iterator[tuple[int, float, Image]]:
    """Ordinal, seconds and BGR picture of each chosen frame; decodes from the keyframe before."""
    with open_container(video, "mov") as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.codec_context.thread_count = "NONE", 1
        pts = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
        ordinals = np.linspace(0, len(pts) - 1, min(count, len(pts))).round().astype(int)
        for ordinal in ordinals.tolist():
            frame = _frame_at(container, stream, pts[ordinal])
            if frame is not None:
                seconds = float((pts[ordinal] - pts[0]) * (stream.time_base or 0))
                yield ordinal, seconds, np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def _frame_at(
    container: av.container.InputContainer, stream: av.VideoStream, pts: int
) -> av.VideoFrame | None:
    container.seek(pts, stream=stream, backward=True, any_frame=False)
    for frame in container.decode(stream):
        if frame.pts is not None and frame.pts >= pts:
            return frame
    return None


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}:{rest:05.2f}"


def _tile(image: Image, words: str) -> Image:
    height = round(image.shape[0] * _TILE_WIDTH / image.shape[1])
    small = cv2.resize(image, (_TILE_WIDTH, height), interpolation=cv2.INTER_AREA)
    text = Lettering(_CAPTION - 6).mask(words)
    caption = np.full((_CAPTION, _TILE_WIDTH), _PAPER, np.uint8)
    place = caption[3 : 3 + text.shape[0], 6 : 6 + text.shape[1]]
    place[:] = _PAPER + text[:, : place.shape[1]].astype(int) * (_INK - _PAPER) // 255
    return np.vstack([np.asarray(small, np.uint8), np.repeat(caption[:, :, None], 3, axis=2)])
