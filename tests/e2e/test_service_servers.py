"""`trackloop up` on the URLs of many processes: PostgreSQL, RabbitMQ, Redis and a bucket."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import run
from tests.support.grounds import StandingServers
from tests.support.service import until, up
from tests.support.videos import make_video

pytestmark = pytest.mark.slow

SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")


def test_a_stopped_service_goes_on_with_the_same_bytes(
    on_servers: StandingServers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", "4")
    video = make_video(tmp_path / "a.mp4", frames=600, size=(640, 384))
    storage, progress = tmp_path / "storage", set()
    with on_servers.fresh(tmp_path) as variables:
        with up(storage, variables=variables) as service:
            with service.client() as client:
                task = client.submit(video, {"overlay": False})
                until(lambda: _detected(client.status(task)) >= 2, service.process)
            assert service.stop(signal.SIGTERM) == 0
        with up(storage, variables=variables) as service, service.client() as client:
            seen = client.wait(task, lambda now: progress.add(now["percent"]), timeout=120)
            assert seen["state"] == "succeeded", seen["error"]
            assert len(progress) > 2
            assert service.trackloop("results", task, "--out", tmp_path / "service").code == 0
    assert run(tmp_path / "own", "run", video, "--no-overlay", "--out", tmp_path / "run").code == 0
    for name in SAME:
        assert (tmp_path / "service" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()


def _detected(status: dict[str, Any]) -> int:
    steps = [step for step in status["steps"] if step["name"] == "detect"]
    return sum(step["state"] == "done" for step in steps)
