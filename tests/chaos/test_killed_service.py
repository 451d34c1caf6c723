"""kill -9 at any moment of a task: the next start ends it, with the same bytes, nothing twice."""

import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.grounds import Ground, Service, StandingServers, one_process
from tests.support.told_once import nothing_twice
from tests.support.videos import make_video

pytestmark = pytest.mark.slow

KILLS = 30
RECOVERY_SECONDS = 120
"""On an idle machine a few; lost leases and messages would take half a minute each."""
KILLS_ON_SERVERS = 3
"""Each meets three tasks at another place."""
RECOVERY_SECONDS_ON_SERVERS = 120
"""Nobody tells the next worker that the last one died: leases run out first, one after another."""
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json", "tracks.parquet")
OPTIONS = {"overlay": True, "num_frames": 2}


@pytest.fixture(autouse=True, scope="module")
def _three_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_CHUNK_SECONDS", "2")
        yield


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, a keyframe each."""
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", frames=60, size=(320, 192))


@pytest.fixture(scope="module")
def undisturbed(
    _three_chunks: None, video: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, float]:
    """The results of a task that nobody disturbs, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with one_process(folder) as ground, ground.running() as service, service.client() as client:
        started = time.monotonic()
        task = client.submit(video, OPTIONS)
        status = client.wait(task, timeout=120)
        seconds = time.monotonic() - started
        assert sum(step["name"] == "detect" for step in status["steps"]) == 3
        for name in SAME:
            client.download(task, name, folder / "out" / name)
    return folder / "out", seconds


@pytest.mark.parametrize("number", range(KILLS))
def test_one_process_that_is_killed_loses_nothing(
    tmp_path: Path, video: Path, undisturbed: tuple[Path, float], number: int
) -> None:
    expected, seconds = undisturbed
    moment = seconds * (number + random.Random(number).random()) / KILLS
    with one_process(tmp_path) as ground:
        with ground.running() as service, service.client() as client:
            task = client.submit(video, OPTIONS)
            time.sleep(moment)
            service.stop(signal.SIGKILL)
        _goes_on(ground, [task], expected, RECOVERY_SECONDS)


@pytest.mark.parametrize("number", range(KILLS_ON_SERVERS))
def test_gateway_beat_and_worker_that_are_killed_lose_nothing(
    on_servers: StandingServers, tmp_path: Path, video: Path, undisturbed: tuple[Path, float],
    number: int,
) -> None:  # fmt: skip
    expected, seconds = undisturbed
    moments = random.Random(number)
    with on_servers.ground(tmp_path) as ground:
        with ground.running() as service, service.client() as client:
            tasks = []
            for _ in range(3):
                tasks.append(client.submit(video, OPTIONS))
                time.sleep(moments.uniform(0, seconds / 2))
            service.stop(signal.SIGKILL)
        _goes_on(ground, tasks, expected, RECOVERY_SECONDS_ON_SERVERS)


def _goes_on(ground: Ground, tasks: list[str], expected: Path, within: float) -> None:
    with ground.running() as service:
        started = time.monotonic()
        for task in tasks:
            _ends_once(ground, service, task, expected, started + within)


def _ends_once(ground: Ground, service: Service, task: str, expected: Path, end: float) -> None:
    target = ground.storage.with_name("result")
    with service.client() as client:
        status = client.wait(task, timeout=end - time.monotonic())
        assert status["state"] == "succeeded", status["error"]
        assert {step["state"] for step in status["steps"]} == {"done"}
        for name in SAME:
            client.download(task, name, target)
            assert target.read_bytes() == (expected / name).read_bytes(), name
    nothing_twice(ground.database_url, task)
