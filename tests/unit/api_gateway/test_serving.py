"""Where the service listens."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

from api_gateway.serving import bound, serving
from shared.errors import InvalidInputError, TransientError


def test_a_port_that_is_taken_is_refused() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(InvalidInputError) as refused,
        bound(*taken.getsockname()),
    ):
        pass
    assert refused.value.code == "cannot_listen"
    assert "TRACKLOOP_PORT" in refused.value.message


@pytest.mark.parametrize("host", ["256.1.1.1", "192.0.2.1", "no.such.host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(InvalidInputError) as refused, bound(host, 0):
        pass
    assert refused.value.code == "cannot_listen"


def test_every_address_is_public_and_reached_by_loopback() -> None:
    with bound("0.0.0.0", 0) as address:  # noqa: S104  (what is tested)
        assert address.public
        assert address.url.startswith("http://127.0.0.1:")
    with bound("127.0.0.1", 0) as address:
        assert not address.public


def test_a_port_can_be_taken_again_at_once() -> None:
    app = FastAPI()
    with bound("127.0.0.1", 0) as address, serving(app, address.socket):
        assert httpx.get(f"{address.url}/openapi.json", trust_env=False).status_code == 200
        port = int(address.url.rpartition(":")[2])
    with bound("127.0.0.1", port) as again, serving(app, again.socket):
        assert httpx.get(f"{again.url}/openapi.json", trust_env=False).status_code == 200


def test_an_app_that_does_not_start_is_said() -> None:
    @asynccontextmanager
    async def broken(_: FastAPI) -> AsyncIterator[None]:
        raise RuntimeError("on purpose")
        yield

    with bound("127.0.0.1", 0) as address:
        app = FastAPI(lifespan=broken)
        with pytest.raises(TransientError) as failed, serving(app, address.socket):
            pass
    assert failed.value.code == "gateway_not_started"
