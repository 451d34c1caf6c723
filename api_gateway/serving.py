"""The gateway at an address, in a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from ipaddress import ip_address

import uvicorn
from fastapi import FastAPI

from shared.errors import InvalidInputError, TransientError

_REQUESTS_END_SECONDS = 5
"""How long requests may go on once the service is asked to stop."""
_LOOK_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Address:
    """A bound socket.

    Attributes:
        url: how this machine reaches it.
        public: whether other machines may reach it too.
    """

    socket: socket.socket
    url: str
    public: bool


@contextmanager
def bound(host: str, port: int) -> Iterator[Address]:
    """Take the address; nobody is answered before something serves it.

    Raises:
        InvalidInputError: `cannot_listen`.
    """
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, kind, protocol)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    with closing(listener):
        # Connections of the last process that linger must not keep the next one out.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(place)
        except OSError as error:
            raise _cannot_listen(host, port, error) from error
        yield _address(listener)


@contextmanager
def serving(app: FastAPI, listener: socket.socket) -> Iterator[threading.Thread]:
    """Answer until the block ends; then running requests get a few seconds.

    Raises:
        TransientError: `gateway_not_started`.
    """
    config = uvicorn.Config(
        app, lifespan="on", access_log=False, log_config=None,
        server_header=False, timeout_graceful_shutdown=_REQUESTS_END_SECONDS,
    )  # fmt: skip
    server = uvicorn.Server(config)
    # Outside the main thread it leaves signals to the process around it.
    thread = threading.Thread(target=_run, args=(server, listener), name="gateway", daemon=True)
    thread.start()
    try:
        while not server.started:
            thread.join(_LOOK_SECONDS)
            if not thread.is_alive():
                raise TransientError(
                    "gateway_not_started", "The gateway did not start; the log says why."
                )
        yield thread
    finally:
        server.should_exit = True
        thread.join()


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    with suppress(SystemExit):  # how uvicorn ends where it cannot start; it has logged why
        server.run([listener])


def _address(listener: socket.socket) -> Address:
    number, port = listener.getsockname()[:2]
    address = ip_address(number)
    near = address
    if address.is_unspecified:
        near = ip_address("::1" if address.version == 6 else "127.0.0.1")
    host = f"[{near}]" if near.version == 6 else str(near)
    return Address(listener, f"http://{host}:{port}", public=not address.is_loopback)


def _cannot_listen(host: str, port: int, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        "cannot_listen",
        f"TRACKLOOP_HOST, TRACKLOOP_PORT: nobody can listen at {host} port {port} "
        f"({error.strerror}); choose others.",
    )
