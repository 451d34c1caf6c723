"""What cannot be analysed is refused in one sentence with a stable code, and leaves nothing."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.errors import TrackloopError, TransientError
from shared.pipeline.tools import Tools
from shared.storage.files import publishing
from tests.support.prepared import prepare
from tests.support.toolbox import toolbox
from tests.support.videos import damage, make_video, truncate
from workers.video_processor.download import download


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage") as made:
        yield made


def _refusal(tools: Tools, source: Path) -> TrackloopError:
    with pytest.raises(TrackloopError) as refused:
        prepare(tools, source)
    error = refused.value
    assert source.name in error.message
    assert error.message.endswith(".")
    assert str(tools.paths.root) not in error.message
    return error


def test_an_empty_file(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert _refusal(tools, tmp_path / "a.mp4").code == "empty_file"


def test_no_file(tools: Tools, tmp_path: Path) -> None:
    assert _refusal(tools, tmp_path / "a.mp4").code == "no_such_file"


def test_a_folder(tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    assert _refusal(tools, tmp_path / "a.mp4").code == "not_a_file"


def test_a_pipe_does_not_block(tools: Tools, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    assert _refusal(tools, tmp_path / "a.mp4").code == "not_a_file"


@pytest.mark.parametrize(
    "text",
    [
        "just words",
        "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.mp4\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile secret.mp4\n",
        "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>",
    ],
    ids=["text", "hls playlist", "ffconcat", "dash manifest"],
)
def test_text_named_like_a_video(tools: Tools, tmp_path: Path, text: str) -> None:
    make_video(tmp_path / "secret.mp4")
    (tmp_path / "a.mp4").write_text(text)
    assert _refusal(tools, tmp_path / "a.mp4").code == "not_a_video"


def test_audio_only(tools: Tools, test_data: Path) -> None:
    refusal = _refusal(tools, test_data / "malformed/androidx-media/sample_audio_only.mp4")
    assert refusal.code == "no_video"


def test_a_video_without_one_whole_frame(tools: Tools, test_data: Path) -> None:
    refusal = _refusal(tools, test_data / "malformed/androidx-media/invalid-bitstream.webm")
    assert refusal.code == "no_frames"


def test_a_damaged_video_with_less_than_a_second(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mkv", frames=8, size=(320, 192))
    assert _refusal(tools, damage(source, at=0.4, length=2000)).code in {"too_damaged", "no_frames"}


def test_an_mp4_cut_before_its_header(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4")
    assert _refusal(tools, truncate(source, keep=0.5)).code in {"not_a_video", "no_video"}


def test_more_pixels_than_allowed(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", max_pixels=96 * 63) as tools:
        refusal = _refusal(tools, make_video(tmp_path / "a.mp4"))
    assert refusal.code == "too_many_pixels"
    assert "96×64" in refusal.message


def test_more_bytes_than_allowed(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", max_video_bytes=100) as tools:
        assert _refusal(tools, make_video(tmp_path / "a.mp4")).code == "too_many_bytes"


def test_longer_than_allowed(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", max_video_seconds=2) as tools:
        assert _refusal(tools, make_video(tmp_path / "a.mp4")).code == "too_long"


def test_a_path_outside_the_allowed_folders(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    source = make_video(tmp_path / "a.mp4")
    (allowed / "link.mp4").symlink_to(source)
    with toolbox(tmp_path / "storage", allowed_folders=(allowed,)) as tools:
        for path in (source, allowed / "link.mp4", allowed / ".." / "a.mp4"):
            assert _refusal(tools, path).code == "path_not_allowed"
        absent = tmp_path / "absent.mp4"  # whether it exists is nobody's business either
        assert _refusal(tools, absent).code == "path_not_allowed"
        prepare(tools, make_video(allowed / "b.mp4"))


def test_a_file_url_is_a_path_and_kept_to_the_same_folders(tmp_path: Path) -> None:
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    inside, outside = make_video(allowed / "a b.mp4"), make_video(tmp_path / "c.mp4")
    with toolbox(tmp_path / "storage", allowed_folders=(allowed,)) as tools:
        download(tools, Task("t", inside.as_uri(), AnalysisOptions()))
        assert tools.paths.source("t").read_bytes() == inside.read_bytes()
        for url in (
            outside.as_uri(),
            f"{allowed.as_uri()}/../c.mp4",
            f"file://{allowed}/%2e%2e/c.mp4",
        ):
            with pytest.raises(TrackloopError) as refused:
                download(tools, Task("t", url, AnalysisOptions()))
            assert refused.value.code == "path_not_allowed"


def test_a_decoder_that_takes_too_long(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", probe_timeout_seconds=0.01) as tools:
        assert _refusal(tools, make_video(tmp_path / "a.mp4")).code == "decode_timeout"


def test_a_decoder_that_wants_too_much_memory(tmp_path: Path) -> None:
    with toolbox(tmp_path / "storage", probe_memory_bytes=5 * 10**8) as tools:
        source = make_video(tmp_path / "a.mp4", size=(4096, 4096), frames=12)
        refusal = _refusal(tools, source)
    assert refusal.code in {"decoder_died", "no_frames"}


def test_a_full_disk_leaves_nothing(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("there is no /dev/full here")
    target = tmp_path / "artefact.bin"
    with (
        pytest.raises(TransientError, match="the disk is full") as refused,
        publishing(target),
        full.open("wb", buffering=0) as file,
    ):
        file.write(b"x" * 4096)
    assert refused.value.code == "disk_full"
    assert list(tmp_path.iterdir()) == []
