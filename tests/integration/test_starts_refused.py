"""A process that could not do its work refuses to start, in one sentence with the remedy."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.support.command import Ended, run
from tests.support.databases import PostgresServer
from tests.support.private_servers import Server, private_redis

pytestmark = pytest.mark.slow

ROLES = ("gateway", "worker", "beat")


@pytest.fixture
def sound(
    postgres: PostgresServer,
    rabbitmq_url: str,
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Path]:
    """Variables with which every role starts; gives the storage."""
    with postgres.fresh(tmp_path) as url:
        monkeypatch.setenv("TRACKLOOP_DATABASE_URL", url)
        monkeypatch.setenv("TRACKLOOP_BROKER_URL", rabbitmq_url)
        monkeypatch.setenv("TRACKLOOP_REDIS_URL", redis_url)
        yield tmp_path / "storage"


@pytest.fixture(scope="module")
def locked_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Redis with a password."""
    with private_redis(tmp_path_factory.mktemp("redis")) as server:
        Redis.from_url(server.url).config_set("requirepass", "a good one")
        yield server


def _refused(ended: Ended, code: str, *words: str) -> None:
    assert ended.code in {1, 2}, ended.output
    assert f"{code}: " in ended.output
    assert "Traceback" not in ended.output
    for word in words:
        assert word in ended.output


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("DATABASE_URL", "mysql://a@b/c", "unknown_database"),
        ("BROKER_URL", "kafka://b", "unknown_broker"),
        ("REDIS_URL", "memcached://b", "unknown_progress"),
        ("DATABASE_URL", "postgresql+psycopg://postgres@127.0.0.1:1/x", "database_unreachable"),
        ("BROKER_URL", "amqp://guest:x@127.0.0.1:1//", "broker_unreachable"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "redis_unreachable"),
        ("INFERENCE_URL", "tensorrt://b", "unknown_scheme"),
        ("INFERENCE_URL", "triton+grpc://triton", "bad_inference_url"),
        ("INFERENCE_URL", "triton+grpc://127.0.0.1:1", "triton_unavailable"),
        ("LABELING_URL", "cvat://b", "unknown_labeling"),
        ("LABELING_TOKEN", "change-me", "default_secret"),
        ("BROKER_URL", "memory://", "needs_broker"),
        ("API_KEY", "change-me-change-me-change-me-change-me", "default_secret"),
        ("BROKER_URL", "amqp://guest:guest@broker.example//", "default_secret"),
    ],
)
def test_a_wrong_setting_is_named(
    sound: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, code: str
) -> None:
    monkeypatch.setenv(f"TRACKLOOP_{name}", value)
    _refused(run(sound, "beat"), code, f"TRACKLOOP_{name}")
    if code != "needs_broker":
        _told_by_doctor(sound, f"TRACKLOOP_{name}")


def _told_by_doctor(sound: Path, name: str) -> None:
    told = run(sound, "doctor")
    assert told.code == 1
    assert f"{name}: " in told.output


def test_a_broker_that_knows_no_such_password_is_refused(
    sound: Path, monkeypatch: pytest.MonkeyPatch, rabbitmq_url: str
) -> None:
    monkeypatch.setenv("TRACKLOOP_BROKER_URL", rabbitmq_url.replace("guest:guest", "guest:wrong"))
    _refused(run(sound, "beat"), "broker_refused", "TRACKLOOP_BROKER_URL")
    _told_by_doctor(sound, "TRACKLOOP_BROKER_URL")


def test_redis_that_asks_for_another_password_is_refused(
    sound: Path, monkeypatch: pytest.MonkeyPatch, locked_redis: Server
) -> None:
    for password in ("", ":wrong@"):
        url = locked_redis.url.replace("://", f"://{password}")
        monkeypatch.setenv("TRACKLOOP_REDIS_URL", url)
        _refused(run(sound, "gateway"), "redis_refused", "TRACKLOOP_REDIS_URL")


@pytest.mark.parametrize("role", ROLES)
def test_a_database_at_another_migration_is_refused_with_the_command_that_mends_it(
    sound: Path, monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer, role: str
) -> None:
    with postgres.empty() as url:
        monkeypatch.setenv("TRACKLOOP_DATABASE_URL", url)
        _refused(run(sound, role), "wrong_schema", "trackloop db upgrade")


def test_an_unknown_queue_is_named_with_the_known_ones(sound: Path) -> None:
    _refused(run(sound, "worker", "--queues", "video,cats"), "unknown_queue", "cats", "inference")


@pytest.mark.parametrize("queue", ["training", "deployment"])
def test_a_worker_that_is_to_train_needs_an_environment_for_it(
    sound: Path, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setenv("TRACKLOOP_TRAIN_PYTHON", str(sound / "nowhere/python"))
    ended = run(sound, "worker", "--queues", f"video,{queue}")
    _refused(ended, "no_training_environment", "nowhere/python", "make .venv/.train")
    told = run(sound, "doctor")
    assert told.code == 0, "most hosts need not be able to train"
    assert "correct or unset TRACKLOOP_TRAIN_PYTHON" in told.output


def test_the_workers_page_needs_a_password(sound: Path) -> None:
    _refused(run(sound, "flower"), "no_flower_password", "TRACKLOOP_FLOWER_PASSWORD")
