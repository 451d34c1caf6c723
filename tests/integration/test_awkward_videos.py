"""Videos that are odd but sound are analysed in full, upright and in time."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import Orientation
from shared.errors import MediaError
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.storage.plan import read_plan
from tests.support.prepared import chain_until, prepare
from tests.support.toolbox import toolbox
from tests.support.videos import HEIGHT, WIDTH, damage, make_video, truncate, turn_in_header
from workers.model_inference.detect import detect


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage") as made:
        yield made


def test_a_sound_mp4_is_linked_rather_than_copied(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4")
    done = prepare(tools, source)
    assert done.video.samefile(source)
    assert len(done.frames()) == done.meta.frame_count == 30
    assert done.meta.fps == pytest.approx(10)


def test_one_frame_is_a_video(tools: Tools, tmp_path: Path) -> None:
    done = prepare(tools, make_video(tmp_path / "a.mp4", frames=1))
    assert len(done.frames()) == 1
    assert done.meta.duration_seconds == 0


@pytest.mark.parametrize(
    ("codec", "suffix", "pixel_format"),
    [
        ("libx265", "mp4", "yuv420p"),
        ("libx265", "mp4", "yuv420p10le"),
        ("libvpx-vp9", "webm", "yuv420p"),
        ("libsvtav1", "mp4", "yuv420p10le"),
        ("mpeg4", "avi", "yuv420p"),
        ("libx264", "mkv", "yuv444p"),
    ],
)
def test_other_codecs_and_depths_become_plain_h264(
    tools: Tools, tmp_path: Path, codec: str, suffix: str, pixel_format: str
) -> None:
    source = make_video(tmp_path / f"a.{suffix}", codec=codec, pixel_format=pixel_format)
    done = prepare(tools, source)
    with av.open(str(done.video)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.canonical_name, context.pix_fmt) == ("h264", "yuv420p")
    assert len(done.frames()) == 30
    assert done.meta.lost == ()


def test_odd_sides_keep_the_source_size_for_coordinates(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.webm", codec="libvpx-vp9", size=(97, 65))
    done = prepare(tools, source)
    assert (done.meta.width, done.meta.height) == (97, 65)
    assert done.first().y.shape == (66, 98)


@pytest.mark.parametrize(
    ("matrix", "orientation", "corner"),
    [
        ((0, 1, -1, 0), Orientation.TURN_90, "top right"),
        ((-1, 0, 0, -1), Orientation.TURN_180, "bottom right"),
        ((0, -1, 1, 0), Orientation.TURN_270, "bottom left"),
        ((-1, 0, 0, 1), Orientation.MIRROR, "top right"),
        ((0, 1, 1, 0), Orientation.MIRROR_TURN_270, "top left"),
    ],
)
def test_frames_stand_upright(
    tools: Tools,
    tmp_path: Path,
    matrix: tuple[int, int, int, int],
    orientation: Orientation,
    corner: str,
) -> None:
    done = prepare(tools, turn_in_header(make_video(tmp_path / "a.mp4"), matrix))
    sides = (HEIGHT, WIDTH) if orientation.swaps_sides else (WIDTH, HEIGHT)
    assert (done.meta.width, done.meta.height) == sides
    v = done.first().v  # red stands out in V
    rows = slice(0, 4) if "top" in corner else slice(-4, None)
    columns = slice(0, 4) if "left" in corner else slice(-4, None)
    assert v[rows, columns].mean() > 180
    assert (v > 180).mean() < 0.1


def test_a_variable_frame_rate_is_kept_by_timestamps(tools: Tools, tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 0.5, 1.3, 1.31, 2.0, 2.9]
    done = prepare(tools, make_video(tmp_path / "a.mp4", seconds=times))
    assert [seconds for _, seconds, _ in done.frames()] == pytest.approx(times, abs=1e-3)


def test_an_encoded_copy_keeps_variable_timestamps(tools: Tools, tmp_path: Path) -> None:
    times = [0.0, 0.1, 0.15, 0.5, 1.3, 1.31, 2.0, 2.9]
    source = make_video(tmp_path / "a.webm", codec="libvpx-vp9", seconds=times)
    done = prepare(tools, source)
    assert [seconds for _, seconds, _ in done.frames()] == pytest.approx(times, abs=1e-3)


def test_a_wrong_rate_in_the_header_is_not_believed(tools: Tools, tmp_path: Path) -> None:
    done = prepare(tools, make_video(tmp_path / "a.mkv", rate=1000))
    assert done.meta.fps == pytest.approx(10, rel=0.01)


def test_times_begin_at_the_first_frame(tools: Tools, tmp_path: Path) -> None:
    done = prepare(tools, make_video(tmp_path / "a.mkv", seconds=[10 + n / 10 for n in range(9)]))
    assert done.frames()[0][1] == 0


def test_a_fragmented_mp4_is_remuxed_without_loss(tools: Tools, tmp_path: Path) -> None:
    whole = make_video(tmp_path / "whole.mp4")
    pieces = make_video(
        tmp_path / "pieces.mp4",
        container_options={"movflags": "frag_keyframe+empty_moov+default_base_moof"},
    )
    kept = prepare(tools, whole).frames()
    assert prepare(tools, pieces).frames() == kept


def test_chunks_hold_the_same_pixels_as_the_whole(tools: Tools, tmp_path: Path) -> None:
    source = make_video(
        tmp_path / "a.mp4", frames=60, options={"bf": "3", "x264-params": "open-gop=1"}
    )
    done = prepare(tools, source)
    chunks = done.index.cut(1.0)
    assert len(chunks) > 3
    pieces = [frame for chunk in chunks for frame in done.frames(chunk.start, chunk.stop)]
    assert pieces == done.frames()


def test_a_truncated_video_gives_what_decodes_and_says_what_was_lost(
    tools: Tools, tmp_path: Path
) -> None:
    source = make_video(tmp_path / "a.mkv", frames=60)
    done = prepare(tools, truncate(source, keep=0.6))
    assert 10 < done.meta.frame_count < 60
    assert any("The header announces 6.0 s" in sentence for sentence in done.meta.lost)
    assert len(done.frames()) == done.meta.frame_count


def test_a_corrupt_video_gives_what_decodes_and_says_what_was_lost(
    tools: Tools, tmp_path: Path
) -> None:
    source = make_video(tmp_path / "a.mkv", frames=60, size=(320, 192))
    done = prepare(tools, damage(source, at=0.55))
    assert 10 < done.meta.frame_count < 60
    assert any("damaged in part" in sentence for sentence in done.meta.lost)
    assert any("between frames are missing" in sentence for sentence in done.meta.lost)
    assert len(done.frames()) == done.meta.frame_count


def test_a_frame_limit_gives_the_first_frames_of_the_whole(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mkv", frames=60, options={"bf": "3"})
    whole = prepare(tools, source).frames()
    limited = prepare(tools, source, max_frames=17)
    assert limited.meta.frame_count == 17
    assert not limited.meta.complete
    assert limited.frames() == whole[:17]


def test_what_an_edit_list_hides_is_not_lost(tools: Tools, test_data: Path) -> None:
    name = "malformed/androidx-media/iibbibb_editlist_videoonly.mp4"
    done = prepare(tools, test_data / name)
    with av.open(str(test_data / name)) as container:
        shown = [frame.pts for frame in container.decode(video=0)]
    assert done.meta.announced_frame_count > len(shown)
    assert len(done.frames()) == done.meta.frame_count == len(shown) == 12
    assert done.frames()[0][1] == 0
    assert done.meta.lost == ()


def test_sound_that_goes_on_is_no_lost_picture(tools: Tools, tmp_path: Path) -> None:
    source = make_video(tmp_path / "a.mp4", sound_seconds=6.0)
    done = prepare(tools, source)
    assert done.meta.duration_seconds == pytest.approx(3.0)
    assert done.meta.lost == ()


def test_other_frame_times_after_indexing_are_noticed(tools: Tools, tmp_path: Path) -> None:
    done = prepare(tools, make_video(tmp_path / "a.mp4", frames=30))
    slower = make_video(tmp_path / "b.mp4", seconds=[n / 5 for n in range(30)])
    done.video.write_bytes(slower.read_bytes())
    with pytest.raises(MediaError, match="the file was changed") as refused:
        done.frames()
    assert refused.value.code == "video_changed"


def test_no_boxes_are_kept_of_a_video_that_is_written_to(tools: Tools, tmp_path: Path) -> None:
    task = Task("task", str(make_video(tmp_path / "a.mp4")), AnalysisOptions())
    run_pipeline(chain_until("plan"), tools, task)
    tools.paths.video(task.id).touch()
    (chunk,) = read_plan(tools.paths.plan(task.id)).chunks
    with pytest.raises(MediaError) as refused:
        detect(tools, task, chunk)
    assert refused.value.code == "video_changed"
    assert not list(tools.paths.root.rglob("chunk-*"))


def test_a_file_that_changes_after_indexing_is_noticed(tools: Tools, tmp_path: Path) -> None:
    done = prepare(tools, make_video(tmp_path / "a.mp4", frames=30))
    shorter = make_video(tmp_path / "b.mp4", frames=20)
    done.video.write_bytes(shorter.read_bytes())
    with pytest.raises(MediaError, match="the file was changed") as refused:
        done.frames()
    assert refused.value.code == "video_changed"


def test_real_footage_with_unordered_timestamps_is_remuxed(tools: Tools, test_data: Path) -> None:
    done = prepare(tools, test_data / "video/vtest_480x360_10fps.avi")
    assert done.meta.frame_count == 795
    assert np.diff(done.index.seconds) == pytest.approx(0.1, abs=1e-4)
    with av.open(str(test_data / "video/vtest_480x360_10fps.avi")) as container:
        frame = next(container.decode(video=0))
        assert np.array_equal(frame.to_ndarray()[:360], done.first().y)
