"""How a process without an interface of its own is watched: /live, /health and /metrics.

`/live` fails where only a restart helps, `/health` also while the process waits for a server.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from shared.errors import InvalidInputError
from shared.running_thread import running_thread

Respond = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Condition:
    """How a process is.

    Attributes:
        dead: what only a restart mends, in words.
        waiting: what it waits for, by subject, in words.
    """

    dead: tuple[str, ...] = ()
    waiting: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> str:
        """`ok`, `waiting` or `failing`."""
        if self.dead:
            return "failing"
        return "waiting" if self.waiting else "ok"


@contextmanager
def monitored(
    host: str, port: int | None, look: Callable[[], Condition], registry: CollectorRegistry
) -> Iterator[None]:
    """Answer on this port while the block lasts; None: nobody asks.

    Raises:
        InvalidInputError: `cannot_listen`.
    """
    if port is None:
        yield
        return
    try:
        server = make_server(host, port, _app(look, registry), _Server, _Quiet)
    except OSError as error:
        raise InvalidInputError(
            "cannot_listen",
            f"TRACKLOOP_METRICS_HOST, TRACKLOOP_METRICS_PORT: nobody can listen at {host} port "
            f"{port} ({error.strerror}); choose others.",
        ) from error
    with server, running_thread("monitoring", server.serve_forever):
        try:
            yield
        finally:
            server.shutdown()


def _app(look: Callable[[], Condition], registry: CollectorRegistry) -> Callable[..., list[bytes]]:
    def app(environ: Mapping[str, Any], respond: Respond) -> list[bytes]:
        path = environ["PATH_INFO"].rstrip("/")
        if path == "/metrics":
            return _answer(respond, "200 OK", CONTENT_TYPE_LATEST, generate_latest(registry))
        if path not in {"/live", "/health"}:
            return _answer(respond, "404 Not Found", "text/plain", b"see /live /health /metrics\n")
        now = look()
        bad = now.dead if path == "/live" else now.status != "ok"
        body = orjson.dumps(
            {"status": now.status, "dead": now.dead, "waiting": dict(now.waiting)},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        status = "503 Service Unavailable" if bad else "200 OK"
        return _answer(respond, status, "application/json", body)

    return app


def _answer(respond: Respond, status: str, kind: str, body: bytes) -> list[bytes]:
    respond(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
    return [body]


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """Probes come every few seconds."""
