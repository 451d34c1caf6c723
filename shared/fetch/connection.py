"""How a download opens a connection: one look-up, every address of the answer checked."""

import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from httpcore2 import (
    SOCKET_OPTION,
    ConnectError,
    ConnectTimeout,
    NetworkBackend,
    NetworkStream,
    SyncBackend,
)

from shared.fetch.addresses import Network, may_connect
from shared.fetch.deadline import Deadline

Resolve = Callable[[str, int], Sequence[str]]
"""Host name (ASCII) and port → addresses as text."""

ATTEMPTS = 4
"""So many addresses of a host are tried: the answer's length is the stranger's choice."""


class HostNotFoundError(Exception):
    """The name service says that there is no such name."""


class LookupFailedError(Exception):
    """The name service does not answer."""


class ForbiddenHostError(Exception):
    """An address of the host is one that downloads may not reach."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


def resolve(host: str, port: int) -> list[str]:
    """Ask the system's name service; how long it may take is the system's setting.

    Raises:
        HostNotFoundError, LookupFailedError
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # an empty label or an overlong one, which no name can have
        raise HostNotFoundError(host) from error
    except socket.gaierror as error:
        lasting = error.errno != socket.EAI_AGAIN
        raise (HostNotFoundError if lasting else LookupFailedError)(host) from error
    return [str(entry[4][0]) for entry in found]


class GuardedBackend(NetworkBackend):
    """Connects to checked addresses only, as numbers, so that no second look-up takes place.

    TLS is none of its business: the certificate is verified against the name in the URL.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        deadline: Deadline,
        lookup: Resolve = resolve,
        sockets: NetworkBackend | None = None,
    ) -> None:
        self._allowed, self._deadline, self._lookup = allowed, deadline, lookup
        self._sockets = sockets or SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """Connect to the first address of `host` that answers; `timeout` is for each, in seconds.

        Raises:
            ForbiddenHostError: one address is not allowed, whatever the others are.
            HostNotFoundError, LookupFailedError, DeadlinePassedError
            ConnectError, ConnectTimeout: none of them answers.
        """
        fault: Exception = HostNotFoundError(host)
        for address in self._checked(host, port):
            wait = self._deadline.shorten(timeout)
            try:
                stream = self._sockets.connect_tcp(
                    str(address), port, wait, local_address, socket_options
                )
            except (ConnectError, ConnectTimeout) as error:
                fault = error
            else:
                return _TimedStream(stream, self._deadline)
        raise fault

    def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[SOCKET_OPTION] | None = None,
    ) -> NetworkStream:
        """No download comes from a socket file.

        Raises:
            ForbiddenHostError: always.
        """
        raise ForbiddenHostError(path)

    def _checked(self, host: str, port: int) -> list[IPv4Address | IPv6Address]:
        addresses = [ip_address(text) for text in dict.fromkeys(self._lookup(host, port))]
        if not all(may_connect(address, self._allowed) for address in addresses):
            raise ForbiddenHostError(host)
        return addresses[:ATTEMPTS]


class _TimedStream(NetworkStream):
    """Ends every wait at the deadline, so that a server that trickles cannot outlive it."""

    def __init__(self, stream: NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.shorten(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._deadline.shorten(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> NetworkStream:
        wait = self._deadline.shorten(timeout)
        return _TimedStream(
            self._stream.start_tls(ssl_context, server_hostname, wait), self._deadline
        )

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
