"""PostgreSQL, RabbitMQ and Redis for a benchmark: a database and a virtual host of its own.

The servers are those of the tests: TRACKLOOP_TEST_POSTGRES_URL, TRACKLOOP_TEST_AMQP_URL,
TRACKLOOP_TEST_REDIS_URL. Where `rabbitmqctl` makes no virtual host, the one of the URL is used if
nobody else does.
"""

import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from kombu import Connection
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from benchmarks.case import Case
from benchmarks.materials import MissingError
from shared.db.migrate import upgrade
from shared.errors import TrackloopError
from shared.messaging.broker import check_broker
from shared.messaging.exchange import room_queue_name
from shared.pipeline.celery_app import queues_of
from shared.progress.check import check_progress
from shared.settings import load_settings
from workers.pipeline import PIPELINES

_POSTGRES = os.environ.get(
    "TRACKLOOP_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1/postgres"
)
_AMQP = os.environ.get("TRACKLOOP_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")
_REDIS = os.environ.get("TRACKLOOP_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")
_CONTROL_SECONDS = 60.0


def with_postgres(prepare: Callable[[Path], Case], work: Path) -> Case:
    """The case, where the database's server answers.

    Raises:
        MissingError: it does not.
    """
    try:
        create_engine(_POSTGRES, connect_args={"connect_timeout": 3}).connect().close()
    except OperationalError as error:
        raise MissingError("no PostgreSQL answers at TRACKLOOP_TEST_POSTGRES_URL") from error
    return prepare(work)


def with_servers(prepare: Callable[[Path], Case], work: Path) -> Case:
    """The case, where all three servers answer.

    Raises:
        MissingError: one does not.
    """
    for check, url, name in (
        (check_broker, _AMQP, "RabbitMQ answers at TRACKLOOP_TEST_AMQP_URL"),
        (check_progress, _REDIS, "Redis answers at TRACKLOOP_TEST_REDIS_URL"),
    ):
        try:
            check(url)
        except TrackloopError as error:
            raise MissingError(f"no {name}") from error
    return with_postgres(prepare, work)


@contextmanager
def own_servers() -> Iterator[Mapping[str, str]]:
    """The variables that make a deployment use them."""
    with own_database() as database_url, own_broker(_AMQP) as broker_url:
        yield {
            "TRACKLOOP_DATABASE_URL": database_url,
            "TRACKLOOP_BROKER_URL": broker_url,
            "TRACKLOOP_REDIS_URL": _REDIS,
        }


@contextmanager
def own_database() -> Iterator[str]:
    """The URL of a migrated database, dropped at the end."""
    name = _own_name()
    server = create_engine(_POSTGRES, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        url = make_url(_POSTGRES).set(database=name).render_as_string(hide_password=False)
        upgrade(url, load_settings().migrations)
        yield url
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


@contextmanager
def own_broker(url: str) -> Iterator[str]:
    """The URL of a virtual host, deleted at the end; where none can be made, `url`.

    Raises:
        RuntimeError: somebody else uses the queues there.
    """
    name, parts = _own_name(), urlsplit(url)
    own, user = parts._replace(path=f"/{name}").geturl(), parts.username or "guest"
    made = _control("add_vhost", name)
    try:
        # rabbitmqctl may speak to another server than the URL does.
        if made and _control("set_permissions", "-p", name, user, *[".*"] * 3) and _lets_in(own):
            yield own
        else:
            with _unused_queues(url):
                yield url
    finally:
        if made:
            _control("delete_vhost", name)


@contextmanager
def _unused_queues(url: str) -> Iterator[None]:
    """Messages of the benchmark must meet nobody else's; its own are gone at the end."""
    names = sorted({*queues_of(PIPELINES), room_queue_name("workers")})
    with Connection(url) as connection:
        for name in names:
            messages, consumers = queue_counts(connection, name)
            if messages or consumers:
                raise RuntimeError(
                    f"TRACKLOOP_TEST_AMQP_URL: the queue {name} has {messages} messages and "
                    f"{consumers} consumers; name a server whose queues nobody uses, or let "
                    "rabbitmqctl be found here."
                )
        try:
            yield
        finally:
            for name in names:
                connection.channel().queue_delete(name)


def queue_counts(connection: Connection, name: str) -> tuple[int, int]:
    """Messages and consumers of a queue, none where it does not exist."""
    try:
        found = connection.channel().queue_declare(name, passive=True)
    except connection.channel_errors:
        return 0, 0
    return found.message_count, found.consumer_count


def _lets_in(url: str) -> bool:
    try:
        check_broker(url)
    except TrackloopError:
        return False
    return True


def _control(*words: str) -> bool:
    """Whether there is a `rabbitmqctl` and it did that."""
    binary = shutil.which("rabbitmqctl")
    if binary is None:
        return False
    ended = subprocess.run(
        [binary, "--quiet", *words], capture_output=True, timeout=_CONTROL_SECONDS, check=False
    )
    return ended.returncode == 0


def _own_name() -> str:
    return f"trackloop_bench_{secrets.token_hex(6)}"
