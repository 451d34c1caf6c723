"""Real receivers of notifications on this machine: a web server and a mail server."""

import asyncio
import email
import email.policy
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from shared.notifications.webhook import new_secret
from tests.support.network import free_port

_LET_GO_SECONDS = 60


@dataclass(frozen=True)
class Post:
    """One request, as it came."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class WebReceiver:
    """Takes posts.

    Attributes:
        statuses: what the next posts are answered; then `status`.
        open: cleared, no post is answered.
    """

    port: int
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    posts: list[Post] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)
    secret: str = field(default_factory=new_secret)

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def slack(self) -> str:
        """The URL of a channel."""
        return f"slack+{self.url('/services/T0/B0/token-of-slack')}"

    def webhook(self) -> str:
        """The URL of a channel."""
        return f"webhook+{self.url()}?secret={self.secret}"


@dataclass
class MailReceiver:
    """Takes mail, once it is `open`; `refuses` all of it after that, where set."""

    port: int
    refuses: bool = False
    seen: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    open: threading.Event = field(default_factory=threading.Event)

    def url(self) -> str:
        """The URL of a channel."""
        return (
            f"mailto://127.0.0.1:{self.port}?from=trackloop@example.org&to=ada@example.org"
            "&mode=insecure"
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (aiosmtpd's)
        """Called by the server."""
        self.seen += 1
        self.recipients.append(envelope.rcpt_tos)
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        end = time.monotonic() + _LET_GO_SECONDS
        while not self.open.is_set() and time.monotonic() < end:
            await asyncio.sleep(0.02)
        return "554 no" if self.refuses else "250 OK"


@contextmanager
def web_receiver(port: int = 0) -> Iterator[WebReceiver]:
    """A web server that keeps what is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.posts.append(Post(self.path, dict(self.headers), body))
            status = receiver.statuses.pop(0) if receiver.statuses else receiver.status
            receiver.open.wait(_LET_GO_SECONDS)
            with suppress(OSError):  # who asked may be dead
                self.send_response(status)
                self.send_header("Location", "http://127.0.0.1:9/")
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver = WebReceiver(server.server_address[1])
    receiver.open.set()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        receiver.open.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def mail_receiver() -> Iterator[MailReceiver]:
    """A mail server that keeps what comes."""
    receiver = MailReceiver(free_port())
    receiver.open.set()
    controller = Controller(receiver, hostname="127.0.0.1", port=receiver.port)
    controller.start()
    try:
        yield receiver
    finally:
        receiver.open.set()
        controller.stop()


def until(done: Callable[[], object], seconds: float = 300) -> None:
    """Wait for something to come true."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
