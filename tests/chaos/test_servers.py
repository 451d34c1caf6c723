"""Servers restart and die, workers die and freeze: every task of a deployment ends once."""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import psutil
import pytest
from redis import Redis

from demo.scene import generate
from shared.db.database import Database
from tests.support.deployment import Deployment, deployed
from tests.support.private_servers import memory_alarm
from tests.support.servers import Servers, private_servers
from tests.support.videos import make_video

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

SAME = ("results.csv", "mot.txt", "chunks/result_chunk_0.json")
"""The others name the options."""
OPTIONS = {"overlay": True, "num_frames": 2}
_ious = (0.7 + number / 1e9 for number in count())
"""Another key of the detections each time, for all practical purposes the same suppression."""
AWAKE_SECONDS = 10
"""For a worker that was frozen to find out that nobody waits for it."""
END_SECONDS = 240
"""A lost message is rung after half a minute, a lost lease after twenty seconds."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Of this module alone: others must not find theirs dead."""
    with private_servers(tmp_path_factory.mktemp("servers")) as running:
        yield running


@pytest.fixture(autouse=True, scope="module")
def _three_chunks() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRACKLOOP_CHUNK_SECONDS", "2")
        yield


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds with subjects, a keyframe every two."""
    folder = tmp_path_factory.mktemp("video")
    return generate(folder / "scene", seed=100, seconds=6, cameras=1).cameras[0].video


@pytest.fixture(scope="module")
def here(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """One deployment for all of these tests, as in life."""
    storage = tmp_path_factory.mktemp("deployment") / "storage"
    with deployed(storage, servers.urls) as running:
        yield running


@pytest.fixture(scope="module")
def expected(here: Deployment, video: Path) -> dict[str, bytes]:
    """The results of a task that nobody disturbs."""
    with here.client() as client:
        task = client.submit(video, {**OPTIONS, "iou": next(_ious)})
        status = client.wait(task, timeout=END_SECONDS)
        assert status["state"] == "succeeded", status["error"]
    return _results(here, task)


def _results(here: Deployment, task: str) -> dict[str, bytes]:
    target = here.storage.parent / "downloaded"
    with here.client() as client:
        for name in SAME:
            client.download(task, name, target / name)
    return {name: (target / name).read_bytes() for name in SAME}


def _ends_once(here: Deployment, servers: Servers, task: str, expected: dict[str, bytes]) -> None:
    with here.client() as client:
        status = client.wait(task, timeout=END_SECONDS)
    assert status["state"] == "succeeded", status["error"]
    assert {step["state"] for step in status["steps"]} == {"done"}
    assert _results(here, task) == expected
    _nothing_twice(servers, task)


def _nothing_twice(servers: Servers, task: str) -> None:
    database = Database(servers.postgres.url)
    with database.read() as unit:
        rows = [row for row in unit.outbox.about(task) if row.kind == "event"]
        events = Counter((row.topic, row.body["data"].get("step")) for row in rows)
        names = Counter(row.name for row in unit.artefacts.of(task))
    database.close()
    assert {*events.values()} == {1}, events
    assert {*names.values()} == {1}


def _in_the_middle(here: Deployment, task: str) -> None:
    """Until a step of it runs or is done."""
    end = time.monotonic() + 60
    with here.client() as client:
        while not any(
            step["state"] in {"running", "done"} for step in client.status(task)["steps"]
        ):
            assert time.monotonic() < end
            time.sleep(0.02)


def _rings(here: Deployment) -> str:
    """What the reconciler said that it rang."""
    return "".join(line for line in here.roles["beat"].lines if ": rang " in line)


def _restarted(server: str, how: str) -> Callable[[Deployment, Servers], None]:
    def disturb(_: Deployment, servers: Servers) -> None:
        one = getattr(servers, server)
        getattr(one, how)()
        one.start()

    return disturb


def _full(_: Deployment, servers: Servers) -> None:
    """For longer than anybody waits for it to confirm a message."""
    with memory_alarm(servers.rabbitmq):
        time.sleep(40)


def _restarted_while_full(here: Deployment, servers: Servers) -> None:
    with memory_alarm(servers.rabbitmq):
        time.sleep(2)
        for name in ("beat", "worker"):
            assert here.roles[name].stop() == 0, here.roles[name].said
            here.start(name, name)
    here.wait_for("worker", " ready.")


def _flushed(_: Deployment, servers: Servers) -> None:
    Redis.from_url(servers.redis.url).flushall()


def _worker_killed(here: Deployment, _: Servers) -> None:
    here.roles["worker"].kill()
    here.start("worker", "worker")
    here.wait_for("worker", " ready.")


def _child_killed(here: Deployment, _: Servers) -> None:
    (pool,) = psutil.Process(here.roles["worker"].process.pid).children()
    for child in pool.children():
        child.kill()


def _beat_killed(here: Deployment, _: Servers) -> None:
    here.roles["beat"].kill()
    here.start("beat", "beat")


DISTURBANCES = {
    "RabbitMQ restarts": _restarted("rabbitmq", "stop"),
    "RabbitMQ is killed": _restarted("rabbitmq", "kill"),
    "RabbitMQ is full": _full,
    "RabbitMQ is full, and beat and the worker restart": _restarted_while_full,
    "Redis restarts": _restarted("redis", "stop"),
    "Redis is killed": _restarted("redis", "kill"),
    "Redis is flushed": _flushed,
    "PostgreSQL restarts": _restarted("postgres", "stop"),
    "PostgreSQL is killed": _restarted("postgres", "kill"),
    "the worker is killed": _worker_killed,
    "the worker's children are killed": _child_killed,
    "beat is killed": _beat_killed,
}


@pytest.mark.parametrize("what", DISTURBANCES)
def test_a_task_ends_once_although(
    here: Deployment, servers: Servers, video: Path, expected: dict[str, bytes], what: str
) -> None:
    with here.client() as client:
        # Every task detects for itself: what another one has detected is not detected again.
        tasks = [client.submit(video, {**OPTIONS, "iou": next(_ious)}) for _ in range(2)]
    _in_the_middle(here, tasks[0])
    DISTURBANCES[what](here, servers)
    for task in tasks:
        _ends_once(here, servers, task, expected)
    print(f"{what}; rings so far:\n{_rings(here)}")  # noqa: T201


def test_a_frozen_worker_that_wakes_overwrites_nothing(
    here: Deployment, servers: Servers, video: Path, expected: dict[str, bytes], tmp_path: Path
) -> None:
    slow = make_video(tmp_path / "long.mp4", frames=600, size=(640, 384))
    with here.client() as client:
        task = client.submit(slow, {"overlay": False})
    _in_the_middle(here, task)
    _until_detecting(here, task)
    frozen = here.roles.pop("worker")
    family = psutil.Process(frozen.process.pid)
    everyone = [family, *family.children(recursive=True)]
    for each in everyone:
        os.kill(each.pid, signal.SIGSTOP)
    here.start("worker", "worker")
    here.wait_for("worker", " ready.")
    with here.client() as client:
        status = client.wait(task, timeout=END_SECONDS)
        assert status["state"] == "succeeded", status["error"]
    before = _results(here, task)
    for each in everyone:
        os.kill(each.pid, signal.SIGCONT)
    time.sleep(AWAKE_SECONDS)
    assert frozen.stop() == 0, frozen.said
    assert _results(here, task) == before
    _nothing_twice(servers, task)
    print(f"rings so far:\n{_rings(here)}\nthe frozen one:\n{frozen.said[-2000:]}")  # noqa: T201


def _until_detecting(here: Deployment, task: str) -> None:
    end = time.monotonic() + 60
    with here.client() as client:
        while not any(
            step["name"] == "detect" and step["state"] == "running"
            for step in client.status(task)["steps"]
        ):
            assert time.monotonic() < end
            time.sleep(0.02)
