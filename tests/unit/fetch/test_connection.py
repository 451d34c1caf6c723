"""A connection goes to an address that was checked, and to no other."""

import socket
from collections.abc import Iterable
from ipaddress import ip_network
from typing import Any

import pytest
from httpcore2 import ConnectError, MockStream, NetworkBackend, NetworkStream

from shared.fetch.connection import (
    ATTEMPTS,
    ForbiddenHostError,
    GuardedBackend,
    HostNotFoundError,
    LookupFailedError,
    resolve,
)
from shared.fetch.deadline import Deadline, DeadlinePassedError
from tests.support.network import name_service

PUBLIC = "93.184.215.14"


class Sockets(NetworkBackend):
    """Notes whom it is to connect to; nobody answers but those in `up`."""

    def __init__(self, *up: str) -> None:
        self.up, self.tried = up, []  # type: tuple[str, ...], list[str]

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        self.tried.append(host)
        if host not in self.up:
            raise ConnectError
        return MockStream([])


def _backend(sockets: Sockets, *answers: list[str], seconds: float = 9) -> GuardedBackend:
    left = list(answers)
    return GuardedBackend((), Deadline(seconds), lambda *_: left.pop(0), sockets)


def test_a_name_that_changes_is_looked_up_once() -> None:
    sockets = Sockets(PUBLIC)
    _backend(sockets, [PUBLIC], ["127.0.0.1"]).connect_tcp("moving.example", 80)
    assert sockets.tried == [PUBLIC]


@pytest.mark.parametrize("private", ["127.0.0.1", "10.0.0.1", "::1", "fe80::1%eth0"])
def test_one_private_address_spoils_the_answer(private: str) -> None:
    sockets = Sockets(PUBLIC)
    with pytest.raises(ForbiddenHostError):
        _backend(sockets, [PUBLIC, private]).connect_tcp("mixed.example", 80)
    assert sockets.tried == []


def test_every_address_is_tried_but_not_without_end() -> None:
    many = [f"93.184.215.{last}" for last in range(1, 200)]
    sockets = Sockets(many[1])
    _backend(sockets, many).connect_tcp("many.example", 80)
    assert sockets.tried == many[:2]
    with pytest.raises(ConnectError):
        _backend(dead := Sockets(), many).connect_tcp("many.example", 80)
    assert dead.tried == many[:ATTEMPTS]


def test_no_address_is_no_host() -> None:
    with pytest.raises(HostNotFoundError):
        _backend(Sockets(), []).connect_tcp("nowhere.example", 80)


def test_nothing_is_tried_after_the_deadline() -> None:
    sockets = Sockets(PUBLIC)
    with pytest.raises(DeadlinePassedError):
        _backend(sockets, [PUBLIC], seconds=0).connect_tcp("late.example", 80)
    assert sockets.tried == []


def test_an_allowed_network_may_be_reached() -> None:
    sockets = Sockets("10.0.0.1")
    networks = (ip_network("10.0.0.0/8"),)
    GuardedBackend(networks, Deadline(9), lambda *_: ["10.0.0.1"], sockets).connect_tcp("a", 80)
    assert sockets.tried == ["10.0.0.1"]


def test_no_socket_file_is_opened() -> None:
    with pytest.raises(ForbiddenHostError):
        _backend(Sockets()).connect_unix_socket("/run/docker.sock")


def test_the_name_service_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = name_service(monkeypatch, {"two.example": [[PUBLIC, "2606:4700::1"]]})
    assert resolve("two.example", 443) == [PUBLIC, "2606:4700::1"]
    for name in ("nowhere.example", "a..b", "x" * 64 + ".example"):
        with pytest.raises(HostNotFoundError):
            resolve(name, 443)
    assert asked[0] == "two.example"


def test_a_silent_name_service_is_another_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    def silent(*_: Any, **__: Any) -> None:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    with pytest.raises(LookupFailedError):
        resolve("video.example", 443)
