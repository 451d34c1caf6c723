"""Benchmarks keep to themselves on a RabbitMQ that others use."""

import os

import pytest
from kombu import Connection

from benchmarks import servers
from shared.messaging.exchange import room_queue_name
from tests.support.private_servers import RABBITMQ_FOLDER, Server

_QUEUE = room_queue_name("workers")


@pytest.fixture
def shared(rabbitmq_server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a server that `rabbitmqctl` speaks to."""
    for name, value in rabbitmq_server.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PATH", RABBITMQ_FOLDER, prepend=os.pathsep)
    return rabbitmq_server.url


def test_a_virtual_host_of_its_own_is_gone_afterwards(shared: str) -> None:
    with servers.own_broker(shared) as own:
        assert own != shared
        with Connection(own) as connection:
            connection.connect()

    with pytest.raises(Exception, match=r"NOT_ALLOWED"), Connection(own) as connection:
        connection.connect()


def test_without_rabbitmqctl_queues_that_nobody_uses_are_used_and_left_empty(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with servers.own_broker(shared) as host:
        with monkeypatch.context() as patch:
            patch.setenv("PATH", "")
            with servers.own_broker(host) as own:
                assert own == host
                _put_message(own)

        with Connection(host) as connection:
            assert servers.queue_counts(connection, _QUEUE) == (0, 0)


def test_without_rabbitmqctl_queues_that_somebody_uses_are_refused_and_left_alone(
    shared: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with servers.own_broker(shared) as host:
        _put_message(host)
        with monkeypatch.context() as patch:
            patch.setenv("PATH", "")
            with (
                pytest.raises(RuntimeError, match=f"{_QUEUE} has 1 messages and 0 consumers"),
                servers.own_broker(host),
            ):
                pass

        with Connection(host) as connection:
            assert servers.queue_counts(connection, _QUEUE) == (1, 0)


def _put_message(url: str) -> None:
    with Connection(url, transport_options={"confirm_publish": True}) as connection:
        channel = connection.channel()
        channel.queue_declare(_QUEUE, durable=True, auto_delete=False)
        connection.Producer(channel).publish(b"a ring", routing_key=_QUEUE, exchange="")
