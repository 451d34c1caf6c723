"""A long step ends soon when nobody wants it any more, and leaves nothing half-written."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from pathlib import Path

import psutil
import pytest

from shared.domain.task import AnalysisOptions, AnyTask, CopyOptions, Task
from shared.pipeline.pulse import StepInterruptedError
from shared.pipeline.tools import Tools
from shared.settings import REPOSITORY
from shared.storage.files import link_or_copy, write_bytes
from shared.storage.plan import read_plan
from tests.support.finished_task import finished_task
from tests.support.interrupting import Interrupting, children, interrupted_by, threads_named
from tests.support.prepared import prepare
from tests.support.toolbox import toolbox
from tests.support.videos import long_video, make_video
from tests.support.web import trickle, web
from workers.model_inference.detect import detect
from workers.model_inference.track import track
from workers.results.overlay import draw_overlay
from workers.video_processor.deliver import deliver
from workers.video_processor.download import download
from workers.video_processor.extract_frames import extract_frames
from workers.video_processor.plan import plan
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate

TASK = Task("task", "a.mp4", AnalysisOptions(num_frames=5))
LIMIT_SECONDS = 2.0


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    here = (ip_network("127.0.0.1/32"),)
    with toolbox(tmp_path / "storage", allowed_networks=here) as made:
        yield made


def _interrupt(tools: Tools, run: Callable[[Tools], object], after: float = 0.0) -> None:
    """Run the step and interrupt it; what was in the storage before is all that is there then."""
    before = _files(tools)
    progress = Interrupting(after)
    started = time.monotonic()
    with pytest.raises(StepInterruptedError):
        run(interrupted_by(tools, progress))
    assert time.monotonic() - started - after < LIMIT_SECONDS
    pauses = [b - a for a, b in zip(progress.reports, progress.reports[1:], strict=False)]
    assert max(pauses, default=0.0) < LIMIT_SECONDS / 2
    assert _files(tools) == before
    assert not children()


def _files(tools: Tools) -> set[Path]:
    """Everything in the storage but folders that stand empty."""
    return {
        path for path in tools.paths.root.rglob("*") if path.is_file() or path.name.startswith(".")
    }


def _silent_server(tools: Tools, run: Callable[[Tools, str], object], head: bytes) -> None:
    with web({"/a.mp4": trickle(head, pause=20)}) as server:
        _interrupt(tools, lambda tools: run(tools, server.url("/a.mp4")), after=0.6)


@pytest.mark.parametrize(
    "head", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n12345"], ids=["at once", "later"]
)
def test_a_download_from_a_silent_server(tools: Tools, head: bytes) -> None:
    _silent_server(
        tools, lambda tools, url: download(tools, Task("task", url, AnalysisOptions())), head
    )
    options = CopyOptions("areas/ada/a.mp4")
    _silent_server(tools, lambda tools, url: deliver(tools, Task("task", url, options)), head)


def test_the_thread_of_a_download_that_was_given_up_ends(tmp_path: Path) -> None:
    here = (ip_network("127.0.0.1/32"),)
    with toolbox(tmp_path / "storage", allowed_networks=here, download_stall_seconds=1.0) as tools:
        before = threads_named("transfer")
        _silent_server(
            tools, lambda tools, url: download(tools, Task("task", url, AnalysisOptions())), b""
        )
        end = time.monotonic() + 20
        while set(threads_named("transfer")) - set(before):
            assert time.monotonic() < end
            time.sleep(0.05)


def test_a_download_that_must_be_copied(
    tools: Tools, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.mp4"
    source.write_bytes(bytes(5_000_000))
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    _interrupt(tools, lambda tools: download(tools, Task("task", str(source), AnalysisOptions())))


def _no_links(*_: object) -> None:
    raise OSError("another file system")


@pytest.mark.parametrize("after", [0.0, 0.3, 1.5])
def test_decoding_in_the_child_process(tools: Tools, tmp_path: Path, after: float) -> None:
    link_or_copy(long_video(tmp_path), tools.paths.source("task"))
    _interrupt(tools, lambda tools: validate(tools, TASK), after)


_VALIDATE = """
import sys
from pathlib import Path
from shared.domain.task import AnalysisOptions, Task
from tests.support.toolbox import toolbox
from workers.video_processor.validate import validate
with toolbox(Path(sys.argv[1])) as tools:
    validate(tools, Task("task", "a.mp4", AnalysisOptions()))
"""


def test_a_child_whose_parent_was_killed_ends_by_itself(tools: Tools, tmp_path: Path) -> None:
    link_or_copy(long_video(tmp_path), tools.paths.source("task"))
    parent = psutil.Popen(
        [sys.executable, "-c", _VALIDATE, str(tools.paths.root)], cwd=REPOSITORY,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    (probe,) = _wait_for(parent.children)
    time.sleep(0.5)
    assert probe.is_running()
    parent.kill()
    parent.wait()
    psutil.wait_procs([probe], timeout=10)
    assert not probe.is_running()


def _wait_for(found: Callable[[], list[psutil.Process]]) -> list[psutil.Process]:
    end = time.monotonic() + 30
    while not (processes := found()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return processes


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: make_video(folder / "a.mp4"),
        lambda folder: make_video(folder / "a.mkv"),
        lambda folder: make_video(folder / "a.webm", codec="libvpx"),
    ],
    ids=["link", "remux", "encode"],
)
def test_normalising(tools: Tools, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    link_or_copy(make(tmp_path), tools.paths.source("task"))
    validate(tools, TASK)
    progress = Interrupting()
    with pytest.raises(StepInterruptedError):
        transcode(interrupted_by(tools, progress), TASK)
    assert not tools.paths.meta("task").exists(), "what says that it is done comes last"
    names = {path.name for path in tools.paths.videos("task").iterdir()}
    assert names <= {"source", "source.json", "source.parquet", "video.mp4", "index.parquet"}
    transcode(tools, TASK)
    assert tools.paths.meta("task").exists()


@pytest.mark.slow
def test_encoding_reports_all_the_while(tools: Tools, tmp_path: Path) -> None:
    source = make_video(
        tmp_path / "a.webm", codec="libvpx", frames=90, size=(1920, 1080),
        options={"deadline": "realtime", "cpu-used": "8"},
    )  # fmt: skip
    link_or_copy(source, tools.paths.source("task"))
    validate(tools, TASK)
    _interrupt(tools, lambda tools: transcode(tools, TASK), after=0.1)


def test_detection_tracking_and_pictures(tools: Tools, tmp_path: Path) -> None:
    prepare(tools, make_video(tmp_path / "a.mp4", size=(320, 192)))
    plan(tools, TASK)
    (chunk,) = read_plan(tools.paths.plan("task")).chunks
    _interrupt(tools, lambda tools: extract_frames(tools, TASK))
    _interrupt(tools, lambda tools: detect(tools, TASK, chunk))
    detect(tools, TASK, chunk)
    _interrupt(tools, lambda tools: track(tools, TASK))


def test_the_overlay(tools: Tools) -> None:
    finished = finished_task(tools)
    _interrupt(tools, lambda tools: draw_overlay(tools, finished.task))
    assert not threads_named("overlay")


def test_a_copy_within_the_area(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tools.paths.area("ada") / "a.mp4", bytes(5_000_000))
    write_bytes(tools.paths.area("ada") / "b.mp4", b"old")
    monkeypatch.setattr(Path, "hardlink_to", _no_links)
    task: AnyTask = Task("task", "storage:areas/ada/a.mp4", CopyOptions("areas/ada/b.mp4"))
    _interrupt(tools, lambda tools: deliver(tools, task))
    assert (tools.paths.area("ada") / "b.mp4").read_bytes() == b"old"
