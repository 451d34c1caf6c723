"""A video from a web server. Every hop is checked like the first, and nothing is trusted."""

from contextlib import AbstractContextManager
from urllib.parse import urljoin

import httpcore2
from pydantic_core import Url

from shared.errors import InvalidInputError
from shared.fetch.connection import GuardedBackend
from shared.fetch.deadline import DeadlinePassedError
from shared.fetch.http_faults import FAULTS, error_of, error_of_status
from shared.fetch.intake import Intake, too_slow
from shared.fetch.scheme import scheme_of
from shared.fetch.source import HttpSource, parse_http
from shared.settings import Settings

MAX_REDIRECTS = 3

_REDIRECTS = {301, 302, 303, 307, 308}
_PAGES = (b"text/html", b"application/xhtml+xml")


def download_http(source: HttpSource, intake: Intake, settings: Settings) -> None:
    """Stream what `source` names into `intake`.

    No proxy, cookie or credential is taken from the environment, and none is sent.

    Raises:
        InvalidInputError: `address_forbidden`, `no_such_host`, `bad_certificate`,
            `redirect_refused`, `source_not_found`, `source_forbidden`, `source_refused`,
            `html_instead_of_video`, `encoded_content`, `download_too_slow`.
        MediaError: `too_many_bytes`, `empty_file`.
        TransientError: `source_unavailable`, `download_stalled`, `download_interrupted`.
    """
    backend = GuardedBackend(settings.allowed_networks, intake.deadline)
    try:
        with httpcore2.ConnectionPool(network_backend=backend) as pool:
            _follow(pool, source.url, intake, settings.download_stall_seconds)
    except (DeadlinePassedError, *FAULTS) as fault:
        if intake.deadline.passed:  # also a wait that was shortened to end there
            raise too_slow(intake.name, intake.deadline.seconds) from fault
        raise error_of(fault, intake.name, settings.download_stall_seconds) from fault


def _follow(pool: httpcore2.ConnectionPool, url: Url, intake: Intake, stall: float) -> None:
    for _ in range(MAX_REDIRECTS + 1):
        with _answer(pool, url, stall) as response:
            location = _header(response, b"location")
            if response.status not in _REDIRECTS or not location:
                _receive(response, intake)
                return
        url = _next_hop(url, location, intake.name)
    raise _refused(intake.name, f"it redirects more than {MAX_REDIRECTS} times")


def _answer(
    pool: httpcore2.ConnectionPool, url: Url, stall: float
) -> AbstractContextManager[httpcore2.Response]:
    host, target = url.host or "", url.path or "/"
    if url.query is not None:
        target += f"?{url.query}"
    headers = [
        ("Host", host_header(url)),
        ("User-Agent", "Trackloop"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
    ]
    place = httpcore2.URL(scheme=url.scheme, host=host.strip("[]"), port=url.port, target=target)
    waits = dict.fromkeys(("connect", "read", "write"), stall)
    return pool.stream("GET", place, headers=headers, extensions={"timeout": waits})


def host_header(url: Url) -> str:
    """Host, and port unless it is the scheme's own: signed URLs count every character."""
    usual = {"http": 80, "https": 443}[url.scheme]
    return url.host or "" if url.port == usual else f"{url.host}:{url.port}"


def _receive(response: httpcore2.Response, intake: Intake) -> None:
    if response.status != 200:
        raise error_of_status(response.status, intake.name)
    if _header(response, b"content-type").lower().startswith(_PAGES):
        raise InvalidInputError(
            "html_instead_of_video",
            f"{intake.name}: the server sends a web page, not a video; "
            "use the address of the file itself.",
        )
    encoding = _header(response, b"content-encoding").lower()
    if encoding not in {b"", b"identity"}:
        # A few encoded bytes can unpack to any number, and no video gains by it.
        raise InvalidInputError(
            "encoded_content",
            f"{intake.name}: the server sends it compressed, though asked not to; "
            "have it sent as it is.",
        )
    intake.expect(_announced(response))
    for piece in response.iter_stream():
        intake.take(piece)
    intake.finish()


def _announced(response: httpcore2.Response) -> int | None:
    """Content-Length, which counts for nothing beside a Transfer-Encoding."""
    length = _header(response, b"content-length")
    return int(length) if length and not _header(response, b"transfer-encoding") else None


def _header(response: httpcore2.Response, name: bytes) -> bytes:
    """Every value of a header, with commas; empty where there is none."""
    return b", ".join(value.strip() for key, value in response.headers if key.lower() == name)


def _next_hop(url: Url, location: bytes, name: str) -> Url:
    try:
        text = urljoin(str(url), location.decode(errors="replace"))
    except ValueError as error:
        raise _refused(name, "its redirect is no URL") from error
    if scheme_of(text) not in {"http", "https"}:
        raise _refused(name, "it redirects to something else than http or https")
    try:
        return parse_http(text).url
    except InvalidInputError as error:
        raise _refused(name, f"its redirect cannot be followed ({error.code})") from error


def _refused(name: str, fault: str) -> InvalidInputError:
    return InvalidInputError(
        "redirect_refused", f"{name}: {fault}; use the address that it leads to."
    )
