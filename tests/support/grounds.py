"""Where a service of a test stands: URLs of its own, on which it is started again and again."""

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Protocol

from tests.support.databases import PostgresServer
from tests.support.deployment import Deployment, deployed
from tests.support.live_folder import stamps_in
from tests.support.private_servers import REDIS_DATABASES, add_virtual_host
from tests.support.s3_server import S3Server
from tests.support.servers import Servers
from tests.support.service import Up, up

Service = Up | Deployment
"""What a user has of a service, whatever it consists of."""


class Ground(Protocol):
    """A database, a broker, a board and a storage, empty at first.

    Attributes:
        storage: a folder, for commands too.
        database_url: to look into.
    """

    @property
    def storage(self) -> Path: ...

    @property
    def database_url(self) -> str: ...

    def running(self) -> AbstractContextManager[Service]:
        """A service on it, killed at the end; the next one finds what this one left."""
        ...

    def kept(self) -> Mapping[str, object]:
        """The name of every file in the storage, and what changes when it is written anew."""
        ...

    def work(self) -> Path:
        """The folder under which running steps write."""
        ...


GroundOn = Callable[[Path], AbstractContextManager[Ground]]
"""Makes one. What lies on this machine lies in the given folder."""


@dataclass(frozen=True, slots=True)
class _OneProcess:
    storage: Path

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.storage / 'trackloop.db'}"

    def running(self) -> AbstractContextManager[Service]:
        return up(self.storage)

    def kept(self) -> Mapping[str, object]:
        return stamps_in(self.storage)

    def work(self) -> Path:
        return self.storage


def one_process(folder: Path) -> AbstractContextManager[Ground]:
    """SQLite and memory:// over a folder: `trackloop up`."""
    return nullcontext(_OneProcess(folder / "storage"))


@dataclass(frozen=True, slots=True)
class _OnServers:
    storage: Path
    variables: Mapping[str, str]
    server: S3Server

    @property
    def database_url(self) -> str:
        return self.variables["TRACKLOOP_DATABASE_URL"]

    def running(self) -> AbstractContextManager[Service]:
        return deployed(self.storage, self.variables, upgraded=True)

    def kept(self) -> Mapping[str, object]:
        return self.server.stamps(self.variables["TRACKLOOP_STORAGE_URL"])

    def work(self) -> Path:
        return self.storage.with_name("caches")


class StandingServers:
    """Servers that stand while all tests run, on which every ground has a place of its own.

    Attributes:
        servers: whoever stops one starts it again.
    """

    def __init__(self, servers: Servers, s3: S3Server) -> None:
        self.servers, self._s3 = servers, s3
        self._databases = PostgresServer(servers.postgres.url)
        self._boards = count(1)  # the first one is for tests that want no place of their own

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[dict[str, str]]:
        """Variables that name a place that nobody else has."""
        redis, board = self.servers.redis.url.removesuffix("/0"), next(self._boards)
        assert board < REDIS_DATABASES
        with self._databases.fresh(folder) as database_url:
            yield {
                "TRACKLOOP_DATABASE_URL": database_url,
                "TRACKLOOP_BROKER_URL": add_virtual_host(
                    self.servers.rabbitmq, f"test-{secrets.token_hex(4)}"
                ),
                "TRACKLOOP_REDIS_URL": f"{redis}/{board}",
                "TRACKLOOP_STORAGE_URL": self._s3.url(),
            }

    @contextmanager
    def ground(self, folder: Path) -> Iterator[Ground]:
        """PostgreSQL, RabbitMQ, Redis and a bucket: gateway, beat and a worker."""
        with self.fresh(folder) as variables:
            yield _OnServers(folder / "storage", variables, self._s3)

    def close(self) -> None:
        """Leave the database server."""
        self._databases.close()
