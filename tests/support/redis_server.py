"""A real Redis for tests."""

import os

import pytest
from redis import Redis
from redis.exceptions import RedisError

_SERVER = os.environ.get("TRACKLOOP_TEST_REDIS_URL", "redis://127.0.0.1:6379/9")


def redis_url() -> str:
    """The URL of the server that tests use.

    Skips where there is none, unless TRACKLOOP_REQUIRE_SERVICES=1 makes that a failure.
    """
    try:
        with Redis.from_url(_SERVER, socket_connect_timeout=3) as client:
            client.ping()
    except RedisError as error:
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no Redis at TRACKLOOP_TEST_REDIS_URL: {str(error)[:100]}")
    return _SERVER
