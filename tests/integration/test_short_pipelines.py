"""Pictures of videos, and videos that go into an area: the pipelines that serve one request."""

import random
from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import cv2
import numpy as np
import pytest

from shared.domain.task import OPTIONS, AnalysisOptions, AnyTask, CopyOptions, FrameOptions, Task
from shared.errors import InvalidInputError, TrackloopError
from shared.events.video import VideoDownloaded
from shared.pipeline.layout import stages_of
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import Finished
from shared.pipeline.tools import Tools
from shared.storage.files import artefact, sha256_of, write_bytes
from tests.support.prepared import prepare
from tests.support.toolbox import toolbox
from tests.support.videos import make_video, picture, turn_in_header
from tests.support.web import content, status, web
from workers import artefacts
from workers.announcements import video_downloaded
from workers.pipeline import PIPELINES, VIDEO_CHAIN
from workers.video_processor.deliver import deliver
from workers.video_processor.download import download
from workers.video_processor.extract_frames import extract_frames

FILM = random.Random(5).randbytes(300_000)


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with toolbox(tmp_path / "storage", allowed_networks=(ip_network("127.0.0.1/32"),)) as made:
        yield made


def _frames(tools: Tools, source: Path, count: int) -> tuple[AnyTask, list[int]]:
    """The task, and the ordinals of the pictures that it left."""
    task: AnyTask = Task("task", str(source), FrameOptions(count))
    run_pipeline(PIPELINES["frames"], tools, task)
    left = artefacts.frames(tools, task)
    assert all(path == tools.paths.root / "frames/task" / path.name for path in left.values())
    assert list(left) == [f"frames/{path.name}" for path in left.values()]
    return task, [int(path.stem) for path in left.values()]


def _image(tools: Tools, ordinal: int) -> np.typing.NDArray[np.uint8]:
    image = cv2.imread(str(tools.paths.frame("task", ordinal)))
    assert image is not None
    return np.asarray(image[..., ::-1], np.uint8)


def _difference(image: np.typing.NDArray[np.uint8], expected: object) -> float:
    return float(np.abs(image.astype(int) - np.asarray(expected, int)).mean())


def test_every_pipeline_has_its_options() -> None:
    assert set(PIPELINES) == set(OPTIONS)


def test_pictures_are_the_frames_that_their_names_say(tools: Tools, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4", frames=40, gop=15, options={"bf": "2", "crf": "10"})
    _, ordinals = _frames(tools, video, 5)
    assert ordinals == [4, 12, 20, 28, 36]
    for ordinal in ordinals:
        image = _image(tools, ordinal)
        assert _difference(image, picture(ordinal)) < 4
        assert _difference(image, picture(ordinal + 4)) > _difference(image, picture(ordinal)) + 1


def test_a_short_video_gives_all_its_frames(tools: Tools, tmp_path: Path) -> None:
    task, ordinals = _frames(tools, make_video(tmp_path / "a.mkv", frames=7), 100)
    assert ordinals == list(range(7))
    output = extract_frames(tools, task)
    assert output == {"frames": [f"frames/{n:06d}.jpg" for n in range(7)], "count": 7}


def test_pictures_stand_upright_and_have_the_size_of_the_video(
    tools: Tools, tmp_path: Path
) -> None:
    turned = turn_in_header(make_video(tmp_path / "a.mp4"), (0, 1, -1, 0))
    _frames(tools, turned, 1)
    (file,) = tools.paths.frames("task").iterdir()
    image = _image(tools, int(file.stem))
    assert image.shape == (96, 64, 3)
    assert _difference(image, np.rot90(picture(int(file.stem)), -1)) < 5


def test_odd_sides_are_kept(tools: Tools, tmp_path: Path) -> None:
    video = make_video(
        tmp_path / "a.mkv", frames=3, size=(97, 63), codec="ffv1", pixel_format="yuv444p"
    )
    _, ordinals = _frames(tools, video, 1)
    assert _image(tools, ordinals[0]).shape == (63, 97, 3)


def test_fewer_pictures_replace_more(tools: Tools, tmp_path: Path) -> None:
    video = make_video(tmp_path / "a.mp4")
    _frames(tools, video, 10)
    assert _frames(tools, video, 2)[1] == [7, 22]
    assert [path.name for path in (tools.paths.root / "frames").iterdir()] == ["task"]


def test_pictures_come_beside_an_analysis_where_they_are_asked_for(
    tools: Tools, tmp_path: Path
) -> None:
    without, asked = AnalysisOptions(), AnalysisOptions(num_frames=3)
    names = {
        options.num_frames: {
            step.name: stage.beside
            for stage in stages_of(VIDEO_CHAIN, Task("task", "a.mp4", options))
            for step in stage.steps
        }
        for options in (without, asked)
    }
    assert "extract_frames" not in names[0]
    assert names[3]["extract_frames"], "the analysis does not wait for it"
    prepare(tools, make_video(tmp_path / "a.mp4"))
    output = extract_frames(tools, Task("task", "a.mp4", asked))
    assert output is not None
    assert output["count"] == 3


def _deliver(tools: Tools, source: str, target: str = "areas/ada/x/a.mp4") -> AnyTask:
    task = Task("t", source, CopyOptions(target))
    output = deliver(tools, task)
    file = tools.paths.root / target
    assert output == {
        "path": target.removeprefix("areas/ada/"),
        "bytes": file.stat().st_size,
        "sha256": sha256_of(file),
    }
    assert artefacts.delivered(tools, task) == {file.name: file}
    assert not list(tools.paths.videos("t").iterdir()), "nothing is left on the way"
    return task


def test_a_download_lies_in_the_area(tools: Tools) -> None:
    with web({"/a.mp4": content(FILM)}) as server:
        task = _deliver(tools, server.url("/a.mp4?token=secret"))
    file = tools.paths.area("ada") / "x" / "a.mp4"
    assert file.read_bytes() == FILM
    finished = Finished("ada", (artefact(file, "a.mp4"),))
    event = video_downloaded(tools, task, finished)
    assert event == VideoDownloaded(
        user_id="ada", bytes=len(FILM), sha256=sha256_of(file), source=server.url("/a.mp4")
    )


def test_a_download_that_fails_leaves_the_older_file(tools: Tools) -> None:
    write_bytes(tools.paths.area("ada") / "a.mp4", b"old")
    with web({"/a.mp4": status(404)}) as server, pytest.raises(TrackloopError):
        _deliver(tools, server.url("/a.mp4"), "areas/ada/a.mp4")
    assert (tools.paths.area("ada") / "a.mp4").read_bytes() == b"old"
    assert not list(tools.paths.videos("t").iterdir())


def test_a_copy_of_a_local_file_does_not_change_with_it(tools: Tools, tmp_path: Path) -> None:
    original = tmp_path / "a.mp4"
    original.write_bytes(FILM)
    _deliver(tools, str(original))
    original.write_bytes(b"other")
    assert (tools.paths.area("ada") / "x" / "a.mp4").read_bytes() == FILM


@pytest.mark.parametrize("target", ["areas/ada/b.mp4", "areas/ada/a.mp4"])
def test_a_file_of_the_area_is_copied_within_it(tools: Tools, target: str) -> None:
    write_bytes(tools.paths.area("ada") / "a.mp4", FILM)
    task = _deliver(tools, "storage:areas/ada/a.mp4", target)
    assert (tools.paths.root / target).read_bytes() == FILM
    finished = Finished("ada", (artefact(tools.paths.root / target, "b.mp4"),))
    assert video_downloaded(tools, task, finished).source == "a.mp4"


def test_an_older_file_is_replaced(tools: Tools) -> None:
    write_bytes(tools.paths.area("ada") / "a.mp4", FILM)
    write_bytes(tools.paths.area("ada") / "b.mp4", b"old")
    _deliver(tools, "storage:areas/ada/a.mp4", "areas/ada/b.mp4")
    assert (tools.paths.area("ada") / "b.mp4").read_bytes() == FILM


def test_a_folder_in_the_way_is_said_before_anything_is_transferred(tools: Tools) -> None:
    write_bytes(tools.paths.area("ada") / "x" / "b.mp4", b"old")
    with web({"/a.mp4": content(FILM)}) as server:
        with pytest.raises(InvalidInputError) as refused:
            _deliver(tools, server.url("/a.mp4"), "areas/ada/x")
        assert refused.value.code == "bad_path"
        assert not server.asked


def test_a_task_takes_its_video_from_the_area(tools: Tools) -> None:
    write_bytes(tools.paths.area("ada") / "a.mp4", FILM)
    download(tools, Task("t", "storage:areas/ada/a.mp4", AnalysisOptions()))
    assert tools.paths.source("t").read_bytes() == FILM
    (tools.paths.area("ada") / "a.mp4").unlink()
    assert tools.paths.source("t").read_bytes() == FILM, "erased elsewhere, it goes on here"


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("storage:areas/ada/b.mp4", "no_such_file"), ("storage:videos/t/source", "bad_path"),
        ("storage:areas/ada/../../videos/t/source", "bad_path"),
        ("storage:/etc/hostname", "bad_path"), ("upload:a.mp4", "upload_missing"),
    ],
)  # fmt: skip
def test_what_does_not_lie_where_it_should_is_refused(tools: Tools, source: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        download(tools, Task("u", source, AnalysisOptions()))
    assert refused.value.code == code
    assert str(tools.paths.root) not in refused.value.message


def test_an_upload_is_where_it_belongs(tools: Tools) -> None:
    write_bytes(tools.paths.source("t"), FILM)
    task = Task("t", "upload:my film.mp4", AnalysisOptions())
    download(tools, task)
    assert tools.paths.source("t").read_bytes() == FILM
    assert [path.name for path in tools.paths.videos("t").iterdir()] == ["source"]
    finished = Finished("ada", (artefact(tools.paths.source("t"), "source"),))
    assert video_downloaded(tools, task, finished).source == "my film.mp4"


def test_an_upload_of_nothing_is_refused_by_its_name(tools: Tools) -> None:
    write_bytes(tools.paths.source("t"), b"")
    with pytest.raises(TrackloopError) as refused:
        download(tools, Task("t", "upload:my film.mp4", AnalysisOptions()))
    assert refused.value.code == "empty_file"
    assert "my film.mp4" in refused.value.message
