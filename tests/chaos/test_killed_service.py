"""kill -9 at any moment of a task: the next start ends it, with the same bytes, nothing twice."""

import random
import signal
import time
from collections import Counter
from pathlib import Path

import pytest

from shared.db.database import Database
from tests.support.service import Up, up
from tests.support.videos import make_video

pytestmark = pytest.mark.slow

KILLS = 30
RECOVERY_SECONDS = 40
SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json", "tracks.parquet")
OPTIONS = {"overlay": True, "num_frames": 2}


@pytest.fixture(autouse=True)
def _three_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", "2")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds, a keyframe each."""
    return make_video(tmp_path_factory.mktemp("video") / "a.mp4", frames=60, size=(320, 192))


@pytest.fixture(scope="module")
def undisturbed(video: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """The results of a task that nobody disturbs, and the seconds that it took."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_CHUNK_SECONDS", "2")
        with up(folder / "storage") as service, service.client() as client:
            started = time.monotonic()
            task = client.submit(video, OPTIONS)
            status = client.wait(task, timeout=120)
            seconds = time.monotonic() - started
            assert sum(step["name"] == "detect" for step in status["steps"]) == 3
            for name in SAME:
                client.download(task, name, folder / "out" / name)
    return folder / "out", seconds


@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_service_loses_nothing(
    tmp_path: Path, video: Path, undisturbed: tuple[Path, float], number: int
) -> None:
    expected, seconds = undisturbed
    storage = tmp_path / "storage"
    moment = seconds * (number + random.Random(number).random()) / KILLS
    with up(storage) as service, service.client() as client:
        task = client.submit(video, OPTIONS)
        time.sleep(moment)
        service.stop(signal.SIGKILL)
    started = time.monotonic()
    with up(storage) as service, service.client() as client:
        status = client.wait(task, timeout=RECOVERY_SECONDS)
        assert time.monotonic() - started < RECOVERY_SECONDS
        assert status["state"] == "succeeded", status["error"]
        assert {step["state"] for step in status["steps"]} == {"done"}
        _nothing_twice(service, task)
        for name in SAME:
            client.download(task, name, tmp_path / "result")
            assert (tmp_path / "result").read_bytes() == (expected / name).read_bytes(), name


def _nothing_twice(service: Up, task: str) -> None:
    database = Database(f"sqlite:///{service.storage / 'trackloop.db'}")
    with database.read() as unit:
        events = Counter(row.topic for row in unit.outbox.about(task) if row.kind == "event")
        names = Counter(row.name for row in unit.artefacts.of(task))
    database.close()
    assert {*events.values()} == {1}, events
    assert {*names.values()} == {1}
