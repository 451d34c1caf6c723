"""A signed webhook (Standard Webhooks): what is sent, and how it is posted."""

import base64
import binascii
import secrets
import ssl
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_network

import httpcore2
import orjson
from pydantic_core import Url
from standardwebhooks import Webhook

from shared.errors import InvalidInputError, PermanentError, TrackloopError, TransientError
from shared.fetch.addresses import Network
from shared.fetch.connection import ForbiddenHostError, GuardedBackend, HostNotFoundError
from shared.fetch.deadline import Deadline, DeadlinePassedError
from shared.fetch.http_download import host_header
from shared.fetch.http_faults import FAULTS
from shared.fetch.shown import shown
from shared.fetch.source import parse_http
from shared.notifications.faults import unreachable
from shared.notifications.port import Message

ANYWHERE: Sequence[Network] = (ip_network("0.0.0.0/0"), ip_network("::/0"))
"""For receivers that the operator chose."""

_PREFIX = "whsec_"
_FEWEST_BYTES, _MOST_BYTES = 24, 64
_SECONDS = 20.0
_MOST_ANSWER = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver said; `text` is the begin of its body."""

    status: int
    seconds: float
    text: str


def new_secret() -> str:
    """A secret of 256 random bits, as Standard Webhooks writes them."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def check_secret(secret: str) -> str:
    """The secret, if it can sign.

    Raises:
        InvalidInputError: `bad_secret`.
    """
    try:
        size = len(base64.b64decode(secret.removeprefix(_PREFIX), validate=True))
    except (binascii.Error, ValueError):
        size = 0
    if not secret.startswith(_PREFIX) or not _FEWEST_BYTES <= size <= _MOST_BYTES:
        raise InvalidInputError(
            "bad_secret",
            f"secret: it does not read {_PREFIX} and base64 of {_FEWEST_BYTES} to {_MOST_BYTES} "
            "bytes; take one that the receiver made, or leave it out.",
        )
    return secret


def read_url(text: str) -> Url:
    """Where a webhook goes, read once.

    Raises:
        InvalidInputError: `bad_url`, `credentials_in_url`.
    """
    url = parse_http(text).url
    if url.scheme not in {"http", "https"} or not url.host:
        raise InvalidInputError(
            "bad_url", f"{shown(text)}: webhooks go by http or https; correct the URL."
        )
    return url


def payload(message: Message) -> bytes:
    """The body, equal for every copy of a message."""
    return orjson.dumps(
        {"type": message.type, "timestamp": message.time, "data": dict(message.data)}
    )


def post(
    url: Url, secret: str, message: Message, *, allowed: Sequence[Network], name: str
) -> Answer:
    """Send the message once, whatever the answer is. No redirect is followed.

    Args:
        allowed: networks off the public internet that may be reached.
        name: what errors call the receiver.

    Raises:
        PermanentError: `address_forbidden`.
        TransientError: `receiver_unreachable`, `receiver_silent`, `bad_certificate`.
    """
    deadline, started = Deadline(_SECONDS), time.monotonic()
    backend = GuardedBackend(allowed, deadline)
    try:
        with (
            httpcore2.ConnectionPool(network_backend=backend) as pool,
            _posted(pool, url, secret, message) as response,
        ):
            text = _begin_of(response)
            return Answer(response.status, time.monotonic() - started, text)
    except (DeadlinePassedError, *FAULTS) as fault:
        raise _error_of(fault, name) from fault


def _posted(
    pool: httpcore2.ConnectionPool, url: Url, secret: str, message: Message
) -> AbstractContextManager[httpcore2.Response]:
    body, now = payload(message), datetime.now(UTC)
    target = (url.path or "/") + (f"?{url.query}" if url.query is not None else "")
    headers = [
        ("Host", host_header(url)),
        ("User-Agent", "Trackloop"),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Accept-Encoding", "identity"),
        ("webhook-id", message.id),
        ("webhook-timestamp", str(int(now.timestamp()))),
        ("webhook-signature", Webhook(secret).sign(message.id, now, body.decode())),
    ]
    place = httpcore2.URL(
        scheme=url.scheme, host=(url.host or "").strip("[]"), port=url.port, target=target
    )
    waits = dict.fromkeys(("connect", "read", "write"), _SECONDS)
    return pool.stream("POST", place, headers=headers, content=body, extensions={"timeout": waits})


def _begin_of(response: httpcore2.Response) -> str:
    read = b""
    for piece in response.iter_stream():
        read += piece
        if len(read) >= _MOST_ANSWER:
            break
    return read[:_MOST_ANSWER].decode(errors="replace")


def _error_of(fault: Exception, name: str) -> TrackloopError:
    match fault:
        case ForbiddenHostError():
            return PermanentError(
                "address_forbidden",
                f"{name} lies in a network that webhooks may not reach; "
                "use a public address or extend TRACKLOOP_ALLOWED_NETWORKS.",
            )
        case HostNotFoundError():
            return TransientError(
                "no_such_host",
                f"{name}: there is no such host; correct the URL.",
            )
        case DeadlinePassedError() | httpcore2.TimeoutException():
            return TransientError(
                "receiver_silent",
                f"{name} gave no answer in {_SECONDS:g} s; make it faster.",
            )
    origin = fault.args[0] if fault.args else None  # the pool drops the cause, not the argument
    if isinstance(origin, ssl.SSLCertVerificationError):
        return TransientError(
            "bad_certificate",
            f"{name}: its certificate is not valid; renew it.",
        )
    return unreachable(name)
