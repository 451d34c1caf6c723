"""A real web server on this machine that answers as a test says."""

import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]

_LET_GO_SECONDS = 30
"""No answer holds a connection longer, should a client forget to hang up."""


@dataclass
class Web:
    """A running server and what it was asked."""

    port: int
    scheme: str
    host: str
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)

    def url(self, path: str, host: str | None = None) -> str:
        """The URL of `path`, by another name of the server if one is given."""
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"


@contextmanager
def web(
    answers: Mapping[str, Answer], host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[Web]:
    """Serve `answers`, by path without query, until the block ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            seen.asked.append(self.path)
            seen.headers.append(dict(self.headers))
            self.close_connection = True
            with suppress(OSError):  # the client hangs up, which is what many tests want
                answers.get(self.path.partition("?")[0], status(404))(self)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer((host, 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    seen = Web(server.server_address[1], "https" if tls else "http", host)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def content(body: bytes, sized: bool = True, **headers: str) -> Answer:
    """`body` as it is, with its length unless `sized` is off."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        sizes = {"Content-Length": str(len(body))} if sized else {}
        _head(handler, 200, sizes | {k.replace("_", "-"): v for k, v in headers.items()})
        handler.wfile.write(body)

    return answer


def status(code: int, **headers: str) -> Answer:
    """A status without a body."""
    return lambda handler: _head(handler, code, {"Content-Length": "0"} | headers)


def redirect(to: str, code: int = 302) -> Answer:
    """Elsewhere."""
    return status(code, Location=to)


def chunked(*pieces: bytes, ended: bool = True) -> Answer:
    """`pieces` in chunked transfer; not `ended`: the last chunk is missing."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {"Transfer-Encoding": "chunked"})
        for piece in pieces:
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
        handler.wfile.write(b"0\r\n\r\n" if ended else b"")

    return answer


def endless(piece: bytes) -> Answer:
    """`piece` again and again, until the client hangs up."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        _head(handler, 200, {})
        while True:
            handler.wfile.write(piece)

    return answer


def trickle(head: bytes, pause: float) -> Answer:
    """`head` as it is, then a byte after each pause in seconds."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(head)
        for _ in range(int(_LET_GO_SECONDS / pause)):
            threading.Event().wait(pause)
            handler.wfile.write(b"x")

    return answer


def raw(text: bytes) -> Answer:
    """Bytes of the test's own, then the end of the connection."""
    return lambda handler: handler.wfile.write(text) and None


def _head(handler: BaseHTTPRequestHandler, code: int, headers: Mapping[str, str]) -> None:
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.end_headers()
