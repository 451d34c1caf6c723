"""The first bytes choose the demuxer; the name does not."""

from pathlib import Path

import pytest

from shared.errors import MediaError
from shared.vision.container import sniff
from tests.support.videos import make_video


@pytest.mark.parametrize(
    ("suffix", "codec", "demuxer"),
    [("mp4", "libx264", "mov"), ("mov", "libx264", "mov"), ("mkv", "libx264", "matroska"),
     ("webm", "libvpx-vp9", "matroska"), ("avi", "mpeg4", "avi"), ("ts", "libx264", "mpegts"),
     ("flv", "libx264", "flv"), ("mpg", "libx264", "mpeg"), ("ogv", "libvpx", "ogg"),
     ("wmv", "wmv2", "asf")],
)  # fmt: skip
def test_every_common_container_is_known_whatever_its_name(
    tmp_path: Path, suffix: str, codec: str, demuxer: str
) -> None:
    made = make_video(tmp_path / f"a.{suffix}", codec=codec, frames=5)
    assert sniff(made.rename(tmp_path / "name.txt")) == demuxer


def test_a_transport_stream_may_begin_with_junk(tmp_path: Path) -> None:
    made = make_video(tmp_path / "a.ts", frames=5)
    made.write_bytes(b"G junk" * 20 + made.read_bytes())
    assert sniff(made) == "mpegts"


@pytest.mark.parametrize("head", [b"\x47" * 100, b"G" + b"\0" * 187, b"RIFF1234WAVE", b"MZ"])
def test_what_only_looks_like_a_container_is_refused(tmp_path: Path, head: bytes) -> None:
    (tmp_path / "a.ts").write_bytes(head)
    with pytest.raises(MediaError) as refused:
        sniff(tmp_path / "a.ts")
    assert refused.value.code == "not_a_video"
