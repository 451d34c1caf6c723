"""The service is stopped or killed in the middle of its work, and started again."""

import signal
from pathlib import Path

import pytest

from tests.support.command import run
from tests.support.grounds import Ground, Service
from tests.support.live_folder import files_in
from tests.support.service import Up, until, up
from tests.support.videos import make_video

SECONDS, CHUNK_SECONDS = 32, 4
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _many_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", str(CHUNK_SECONDS))


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute."""
    return make_video(
        tmp_path_factory.mktemp("video") / "a.mp4", frames=10 * SECONDS, size=(640, 384)
    )


@pytest.fixture(scope="module")
def expected(video: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a run without interruption gives."""
    folder = tmp_path_factory.mktemp("run")
    ended = run(folder / "storage", "run", video, "--out", folder / "out", "--no-overlay")
    assert ended.code == 0, ended.output
    return folder / "out"


def _chunks(ground: Ground) -> dict[str, object]:
    """The detections that are there, and what changes when they are written anew."""
    kept = ground.kept().items()
    return {name: stamp for name, stamp in kept if Path(name).match("chunk-*.parquet")}


def _in_mid_detection(ground: Ground, service: Service, video: Path) -> str:
    """Submit and wait until some chunks are detected, and some are not."""
    with service.client() as client:
        task = client.submit(video, {"overlay": False})
    until(lambda: len(_chunks(ground)) >= 2, service.process)
    return task


@pytest.mark.parametrize(
    ("ground_on", "how"),
    [
        ("one_process", signal.SIGINT),
        ("one_process", signal.SIGTERM),
        ("one_process", signal.SIGKILL),
        ("servers", signal.SIGTERM),  # tests/chaos kills them
    ],
    indirect=["ground_on"],
)
def test_what_was_running_goes_on_at_the_next_start_with_the_same_bytes(
    ground: Ground, tmp_path: Path, video: Path, expected: Path, how: signal.Signals
) -> None:
    out = tmp_path / "out"
    with ground.running() as service:
        task, old_key = _in_mid_detection(ground, service, video), service.key
        code = service.stop(how)
        assert code == (0 if how != signal.SIGKILL else -how), service.said
        announced = any(name.endswith("service.json") for name in ground.kept())
        assert announced == (how == signal.SIGKILL and isinstance(service, Up))
    done = _chunks(ground)
    assert len(done) < SECONDS // CHUNK_SECONDS, "it was stopped in the middle"
    with ground.running() as service:
        with service.client() as client:
            status = client.wait(task, timeout=300)
        assert status["state"] == "succeeded", status["error"]
        assert service.key != old_key
        assert service.trackloop("results", task, "--out", out).code == 0
    assert done.items() <= _chunks(ground).items(), "nothing is detected twice"
    for name in SAME:
        assert (out / name).read_bytes() == (expected / name).read_bytes()


def test_ctrl_c_while_a_child_decodes_is_no_fault_of_the_video(ground: Ground, video: Path) -> None:
    with ground.running() as service:
        with service.client() as client:
            task = client.submit(video, {"overlay": False, "max_frames": 50})
        work = ground.work()
        until(lambda: _decoding(work), service.process)
        assert service.press_ctrl_c() == 0
    with ground.running() as service, service.client() as client:
        status = client.wait(task, timeout=300)
    assert status["state"] == "succeeded", status["error"]


def _decoding(work: Path) -> bool:
    return any(file.match(".part-*/request.json") for file in files_in(work))


def test_a_second_signal_ends_one_process_at_once(tmp_path: Path) -> None:
    with up(tmp_path / "storage") as service:
        service.process.send_signal(signal.SIGSTOP)  # both arrive before it looks
        service.process.send_signal(signal.SIGINT)
        service.process.send_signal(signal.SIGTERM)
        service.process.send_signal(signal.SIGCONT)
        assert service.process.wait(20) in {-signal.SIGINT, -signal.SIGTERM}


def test_commands_say_so_where_the_one_process_was_killed(tmp_path: Path) -> None:
    with up(tmp_path / "storage") as service:
        service.stop(signal.SIGKILL)
        ended = service.trackloop("tasks", "list")
    assert ended.code == 1
    assert "service_unreachable" in ended.output
    assert "trackloop up" in ended.output
