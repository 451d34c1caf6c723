"""What this process does on the network: connections, and names that mean what a test says."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest

_watching: list[list[str]] = []


def _note(event: str, args: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watching:
        address = args[1]
        host = str(address[0]) if isinstance(address, tuple) else str(address)
        for seen in _watching:
            seen.append(host)
        if not host.startswith("127.") and host != "::1":
            raise ConnectionRefusedError(f"no test goes out to {host}")


sys.addaudithook(_note)  # for good: Python has no way to take it away


@contextmanager
def watched_connections() -> Iterator[list[str]]:
    """The addresses to which any thread of this process tries to connect in the block."""
    seen: list[str] = []
    _watching.append(seen)
    try:
        yield seen
    finally:
        # By identity: two empty lists are equal.
        _watching[:] = [other for other in _watching if other is not seen]


@contextmanager
def trap(host: str) -> Iterator[tuple[int, Callable[[], int]]]:
    """A listening socket: its port, and how many connections it has had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, 0), family=family)
    except OSError as error:
        pytest.skip(f"nothing can listen on {host} here: {error}")
    caught: list[Any] = []

    def accept() -> None:
        with suppress(OSError):
            while True:
                caught.append(listener.accept()[1])

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1], lambda: len(caught)
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


Answers = dict[str, Sequence[Sequence[str]]]
"""Host → what each look-up answers; the last answer stays. No addresses: no such host."""


def name_service(monkeypatch: pytest.MonkeyPatch, names: Answers) -> list[str]:
    """Let the system's name service know `names` and numbers only; gives what it was asked."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def getaddrinfo(host: Any, port: Any, *args: Any, **options: Any) -> Any:
        asked.append(host)
        if host in names:
            times = asked.count(host)
            found = names[host][min(times, len(names[host])) - 1]
            return [entry for address in found for entry in real(address, port, *args, **options)]
        with suppress(OSError):
            socket.inet_pton(socket.AF_INET6 if ":" in host else socket.AF_INET, host)
            return real(host, port, *args, **options)
        raise socket.gaierror(socket.EAI_NONAME, "no such name in this test")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def free_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])
