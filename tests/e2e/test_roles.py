"""Worker, beat and the workers' page as an operator meets them: probes, counts, logs, passwords."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import orjson
import psutil
import pytest

from tests.support.deployment import Deployment, deployed
from tests.support.grounds import StandingServers
from tests.support.network import free_port
from tests.support.videos import make_video
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

PASSWORD = "a-password-of-this-test"  # noqa: S105
STALL_SECONDS = 15


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """Where each role answers probes."""
    return {role: free_port() for role in ("gateway", "beat", "worker", "flower")}


@pytest.fixture(scope="module")
def here(
    on_servers: StandingServers, ports: dict[str, int], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Deployment]:
    """A deployment that logs JSON, each role of which is watched at a port of its own."""
    folder = tmp_path_factory.mktemp("roles")
    variables = {
        "TRACKLOOP_LOG_FORMAT": "json",
        "TRACKLOOP_STALL_SECONDS": str(STALL_SECONDS),
        "TRACKLOOP_FLOWER_PASSWORD": PASSWORD,
        "TRACKLOOP_FLOWER_PORT": str(ports["flower"]),
    }
    with (
        on_servers.fresh(folder) as urls,
        deployed(folder / "storage", urls | variables, upgraded=True, workers={}) as running,
    ):
        running.roles["beat"].kill()
        for role in ("beat", "worker", "flower"):
            running.variables["TRACKLOOP_METRICS_PORT"] = str(ports[role])
            running.start(role, role)
        running.wait_for("worker", " ready.")
        yield running


def _get(port: int, path: str, **options: object) -> httpx.Response:
    return httpx.get(f"http://127.0.0.1:{port}{path}", trust_env=False, timeout=30, **options)  # type: ignore[arg-type]


def _analysed(here: Deployment, folder: Path) -> str:
    with here.client() as client:
        task = client.submit(make_video(folder / "a.mp4", size=(320, 192)), {"overlay": False})
        status = client.wait(task, timeout=240)
        assert status["state"] == "succeeded", status["error"]
    return task


def test_probes_say_that_all_is_well(here: Deployment, ports: dict[str, int]) -> None:
    for role in ("beat", "worker"):
        eventually(lambda role=role: _get(ports[role], "/health").status_code == 200)
        assert _get(ports[role], "/live").json() == {"status": "ok", "dead": [], "waiting": {}}
        assert _get(ports[role], "/wp-admin").status_code == 404


def test_steps_of_the_children_are_counted(
    here: Deployment, ports: dict[str, int], tmp_path: Path
) -> None:
    _analysed(here, tmp_path)
    counts = _get(ports["worker"], "/metrics").text
    assert 'trackloop_steps_total{outcome="done",step="track"} 1.0' in counts
    assert "trackloop_step_seconds_bucket" in counts
    relayed = _get(ports["beat"], "/metrics").text
    assert 'trackloop_relayed_total{kind="doorbell"}' in relayed


def test_log_lines_carry_the_ids_of_their_task(here: Deployment, tmp_path: Path) -> None:
    task = _analysed(here, tmp_path)
    lines = [orjson.loads(line) for line in here.roles["worker"].lines if line.startswith("{")]
    of_task = [line for line in lines if line.get("task_id") == task]
    assert {line["step"] for line in of_task} >= {"download", "detect", "track", "record_run"}
    assert len({line["correlation_id"] for line in of_task}) == 1
    assert {line["role"] for line in of_task} == {"worker"}


def test_a_child_that_is_stuck_is_ended_and_its_step_goes_on_elsewhere(
    here: Deployment, tmp_path: Path
) -> None:
    film = make_video(tmp_path / "long.mp4", frames=900, size=(640, 384))
    with here.client() as client:
        task = client.submit(film, {"overlay": False})
        eventually(lambda: _running(client.status(task)["steps"]), seconds=120)
        (pool,) = psutil.Process(here.roles["worker"].process.pid).children()
        busy = [child.pid for child in pool.children()]
        for pid in busy:
            os.kill(pid, signal.SIGSTOP)
        status = client.wait(task, timeout=240)
        assert status["state"] == "succeeded", status["error"]
    assert "made no progress" in here.roles["worker"].said
    assert not any(psutil.pid_exists(pid) and pid in _children(here) for pid in busy)


def _running(steps: list[dict[str, object]]) -> bool:
    return any(step["name"] == "detect" and step["state"] == "running" for step in steps)


def _children(here: Deployment) -> list[int]:
    (pool,) = psutil.Process(here.roles["worker"].process.pid).children()
    return [child.pid for child in pool.children()]


def test_the_workers_page_shows_nothing_without_its_password(
    here: Deployment, ports: dict[str, int]
) -> None:
    pages = ("/", "/workers", "/tasks", "/broker", "/metrics", "/api/workers", "/api/tasks")
    eventually(lambda: _answers(ports["flower"]), seconds=120)
    for page in pages:
        assert _get(ports["flower"], page).status_code == 401, page
        assert _get(ports["flower"], page, auth=("trackloop", "x")).status_code == 401, page
    signed_in = ("trackloop", PASSWORD)
    eventually(lambda: _workers_shown(ports["flower"], signed_in), seconds=60)
    for page in pages:
        assert _get(ports["flower"], page, auth=signed_in).status_code == 200, page


def _workers_shown(port: int, signed_in: tuple[str, str]) -> list[dict[str, object]]:
    shown: list[dict[str, object]] = _get(port, "/workers?json=1", auth=signed_in).json()["data"]
    return [worker for worker in shown if worker["status"]]


def _answers(port: int) -> bool:
    try:
        return _get(port, "/healthcheck").status_code == 200
    except httpx.ConnectError:
        return False


def test_a_worker_without_its_broker_waits_and_says_so(
    here: Deployment, ports: dict[str, int], on_servers: StandingServers
) -> None:
    redis = on_servers.servers.redis
    redis.stop()
    try:
        eventually(lambda: _get(ports["worker"], "/health").status_code == 503, seconds=60)
        told = _get(ports["worker"], "/health").json()
        assert told["status"] == "waiting"
        assert "TRACKLOOP_REDIS_URL" in told["waiting"]["progress"]
        assert _get(ports["worker"], "/live").status_code == 200, "a restart would not help"
    finally:
        redis.start()
    eventually(lambda: _get(ports["worker"], "/health").status_code == 200, seconds=60)


def test_a_worker_that_is_stopped_gives_back_what_runs(here: Deployment, tmp_path: Path) -> None:
    film = make_video(tmp_path / "long.mp4", frames=1200, size=(640, 384))
    with here.client() as client:
        task = client.submit(film, {"overlay": False})
        eventually(lambda: _running(client.status(task)["steps"]), seconds=120)
        started = time.monotonic()
        assert here.roles["worker"].stop() == 0
        assert time.monotonic() - started < 60
        states = [step["state"] for step in client.status(task)["steps"]]
        assert "running" not in states
        client.cancel(task)
