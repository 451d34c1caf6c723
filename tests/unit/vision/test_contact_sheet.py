"""A video at a glance."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from shared.errors import MediaError
from shared.vision.contact_sheet import contact_sheet, write_contact_sheet
from tests.support.videos import make_video

TILE_WIDTH, TILE_HEIGHT = 480, 320 + 26  # of a 96 × 64 video, with the caption
GAP = 8


def tiles(sheet: np.ndarray, columns: int) -> list[np.ndarray]:
    rows = sheet.shape[0] // (TILE_HEIGHT + GAP)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    corners = [
        (GAP + row * (TILE_HEIGHT + GAP), GAP + column * (TILE_WIDTH + GAP))
        for row, column in places
    ]
    return [sheet[top : top + 320, left : left + TILE_WIDTH] for top, left in corners]


def square(tile: np.ndarray) -> int:
    """Left side of the bright square, in pixels of the video."""
    return round(float(np.argmax(tile[200, :, 1] > 180)) / 5)


def test_frames_are_evenly_spaced_from_the_first_to_the_last(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", frames=31, options={"bf": "2"})
    found = [square(tile) for tile in tiles(contact_sheet(video, frames=4, columns=2), 2)]
    assert np.allclose(found, [4, 24, 44, 64], atol=1)


def test_a_short_video_gives_fewer_tiles(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", frames=3)
    assert contact_sheet(video).shape == (TILE_HEIGHT + 2 * GAP, 3 * (TILE_WIDTH + GAP) + GAP, 3)


def test_colours_are_those_of_the_video(tmp_path: Path) -> None:
    corner = contact_sheet(make_video(tmp_path / "v.mp4", frames=2))[40, 40]
    assert np.allclose(corner, (30, 30, 220), atol=14)


def test_each_tile_has_a_caption(tmp_path: Path) -> None:
    sheet = contact_sheet(make_video(tmp_path / "v.mp4", frames=2))
    caption = sheet[GAP + 320 : GAP + TILE_HEIGHT, GAP : GAP + TILE_WIDTH]
    assert caption.max() > 200


def test_it_is_written_as_a_picture(tmp_path: Path) -> None:
    video = make_video(tmp_path / "v.mp4", frames=6)
    write_contact_sheet([video], tmp_path / "sheet.png", frames=4)
    assert np.array_equal(cv2.imread(str(tmp_path / "sheet.png")), contact_sheet(video, frames=4))


def test_several_videos_lie_below_each_other(tmp_path: Path) -> None:
    videos = [tmp_path / name / "v.mp4" for name in ("lobby", "garden")]
    for video, size in zip(videos, [(96, 64), (96, 96)], strict=True):
        video.parent.mkdir()
        make_video(video, frames=6, size=size)
    write_contact_sheet(videos, tmp_path / "sheet.png", frames=8)
    height, width = cv2.imread(str(tmp_path / "sheet.png")).shape[:2]
    assert width == 4 * (TILE_WIDTH + GAP) + GAP
    assert height == (320 + 26 + 2 * GAP) + (480 + 26 + 2 * GAP)


def test_what_is_no_video_is_refused(tmp_path: Path) -> None:
    (tmp_path / "v.mp4").write_bytes(b"nothing of the kind")
    with pytest.raises(MediaError, match=r"v\.mp4 cannot be read as mov"):
        contact_sheet(tmp_path / "v.mp4")
