"""The same service on PostgreSQL, RabbitMQ and Redis: nothing but URLs differs."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from kombu import Connection
from redis import Redis

from shared.messaging.exchange import dead_queue
from shared.pipeline.celery_app import queues_of
from tests.support.command import run
from tests.support.databases import PostgresServer
from tests.support.rabbitmq import rabbitmq_url
from tests.support.redis_server import redis_url
from tests.support.service import until, up
from tests.support.videos import make_video
from workers.pipeline import PIPELINES

# Alone: its queues are those of every service on that broker.
pytestmark = [pytest.mark.slow, pytest.mark.alone]

SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")


@pytest.fixture
def servers(
    postgres: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Variables that name them."""
    with postgres.fresh(tmp_path) as database_url, monkeypatch.context() as variables:
        variables.setenv("TRACKLOOP_DATABASE_URL", database_url)
        variables.setenv("TRACKLOOP_BROKER_URL", rabbitmq_url())
        variables.setenv("TRACKLOOP_REDIS_URL", redis_url())
        _delete_queues()
        yield
        _delete_queues()


def _delete_queues() -> None:
    names = {*queues_of(PIPELINES), "trackloop.workers", dead_queue("workers").name}
    with Connection(rabbitmq_url()) as connection, connection.channel() as channel:
        for name in names:
            channel.queue_delete(name)


def test_a_stopped_service_goes_on_with_the_same_bytes(
    servers: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKLOOP_CHUNK_SECONDS", "4")
    video = make_video(tmp_path / "a.mp4", frames=600, size=(640, 384))
    storage, progress = tmp_path / "storage", set()
    with up(storage) as service:
        with service.client() as client:
            task = client.submit(video, {"overlay": False})
        until(lambda: len(list(storage.rglob("chunk-*.parquet"))) >= 2, service.process)
        with Redis.from_url(redis_url(), decode_responses=True) as redis:
            assert redis.hget(f"trackloop:progress:{task}", "last") == "detect"
        assert service.stop(signal.SIGTERM) == 0
    with up(storage) as service, service.client() as client:
        seen = client.wait(task, lambda now: progress.add(now["percent"]), timeout=120)
        assert seen["state"] == "succeeded", seen["error"]
        assert len(progress) > 2
        assert service.trackloop("results", task, "--out", tmp_path / "service").code == 0
    assert run(tmp_path / "own", "run", video, "--no-overlay", "--out", tmp_path / "run").code == 0
    for name in SAME:
        assert (tmp_path / "service" / name).read_bytes() == (tmp_path / "run" / name).read_bytes()
