"""One service, one key: requests, and errors for what goes wrong with them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import httpx

from api_gateway.client.failures import NoAnswerError, refusal
from shared.errors import InvalidInputError

_CONNECT_SECONDS = 10.0
_TIMEOUT = httpx.Timeout(60.0, connect=_CONNECT_SECONDS)
UPLOAD_TIMEOUT = httpx.Timeout(60.0, connect=_CONNECT_SECONDS, read=600.0)
"""A service forces a large file to its disk before it answers."""


class Session:
    """Keeps connections open until it is closed. Safe to use from several threads.

    Attributes:
        url: of the service, without a slash at its end.
        own_machine: whether it lies on this one, which no proxy leads to.
    """

    def __init__(self, url: str, key: str, user_id: str | None = None) -> None:
        """`user_id`: in whose name to ask; None means the key's own principal.

        Raises:
            InvalidInputError: `bad_url`.
        """
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise InvalidInputError("bad_url", f"{url}: it does not read http(s)://host[:port].")
        self.url, self._key = url.rstrip("/"), key
        self.own_machine = _is_loopback(parts.hostname)
        self.user = {"user_id": user_id} if user_id else {}
        self._http = httpx.Client(
            headers=self.headers,
            timeout=_TIMEOUT,
            trust_env=not self.own_machine,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries."""
        return {"x-api-key": self._key}

    def json(self, method: str, path: str, **request: Any) -> Any:
        """Ask and read the answer; None where it is empty.

        Raises:
            ServiceError: the service refuses, or something else answers.
            NoAnswerError: `service_unreachable`, `connection_broken`.
        """
        with self._failures():
            response = self._http.request(method, self.url + path, **request)
        body = _json(response)
        if response.is_error:
            raise refusal(self.url, response.status_code, body)
        if body is None and response.status_code != httpx.codes.NO_CONTENT:
            raise refusal(self.url, response.status_code, None)
        return body

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Read an answer as it comes.

        Raises:
            ServiceError, NoAnswerError: as `json`; the latter also while the block reads.
        """
        with (
            self._failures(),
            self._http.stream("GET", self.url + path, params=self.user, headers=headers) as answer,
        ):
            if answer.is_error:
                answer.read()
                raise refusal(self.url, answer.status_code, _json(answer))
            yield answer

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise NoAnswerError(
                "service_unreachable",
                f"No service answers at {self.url}; start it with `trackloop up` "
                "or set TRACKLOOP_URL.",
            ) from error
        except httpx.TransportError as error:
            raise NoAnswerError(
                "connection_broken",
                f"The connection to {self.url} broke ({type(error).__name__}); try again.",
            ) from error


def _json(response: httpx.Response) -> Any:
    """None for what is no JSON."""
    try:
        return response.json()
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
