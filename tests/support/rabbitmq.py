"""A real RabbitMQ for tests."""

import os

import pytest
from kombu import Connection

_SERVER = os.environ.get("TRACKLOOP_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//")


def rabbitmq_url() -> str:
    """The URL of the server that tests use.

    Skips where there is none, unless TRACKLOOP_REQUIRE_SERVICES=1 makes that a failure.
    """
    try:
        with Connection(_SERVER, connect_timeout=3) as connection:
            connection.connect()
    except OSError as error:
        if os.environ.get("TRACKLOOP_REQUIRE_SERVICES") == "1":
            raise
        pytest.skip(f"no RabbitMQ at TRACKLOOP_TEST_AMQP_URL: {error}")
    return _SERVER
