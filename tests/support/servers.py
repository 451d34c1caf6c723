"""A whole set of servers of a test's own, and the variables that name them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.private_servers import (
    Server,
    private_postgres,
    private_rabbitmq,
    private_redis,
)


@dataclass(frozen=True, slots=True)
class Servers:
    """RabbitMQ, PostgreSQL and Redis."""

    rabbitmq: Server
    postgres: Server
    redis: Server

    @property
    def urls(self) -> dict[str, str]:
        """What makes a deployment use them."""
        return {
            "TRACKLOOP_DATABASE_URL": self.postgres.url,
            "TRACKLOOP_BROKER_URL": self.rabbitmq.url,
            "TRACKLOOP_REDIS_URL": self.redis.url,
        }


@contextmanager
def private_servers(folder: Path) -> Iterator[Servers]:
    """All of them, gone at the end."""
    with (
        private_rabbitmq(folder) as rabbitmq,
        private_postgres() as postgres,
        private_redis(folder) as redis,
    ):
        yield Servers(rabbitmq, postgres, redis)
