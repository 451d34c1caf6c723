"""Commits of other processes ring here too: PostgreSQL tells whoever listens."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import URL

from shared.running_thread import running_thread

log = logging.getLogger(__name__)

CHANNEL = "trackloop_outbox"
_LOOK_SECONDS = 0.5
_TROUBLE_SECONDS = 1.0


@contextmanager
def listening(url: URL, heard: threading.Event, stop: threading.Event) -> Iterator[None]:
    """Set `heard` at each NOTIFY on the channel, in a thread of its own, while the block lasts.

    What comes while the connection is away is missed; whoever waits looks now and then anyway.

    Args:
        stop: set before the block ends.
    """
    with running_thread("listen", lambda: _listen(url, heard, stop)):
        yield


def _listen(url: URL, heard: threading.Event, stop: threading.Event) -> None:
    away = False
    while not stop.is_set():
        try:
            with psycopg.connect(_conninfo(url), autocommit=True) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                away = False
                heard.set()
                _hear(connection, heard, stop)
        except psycopg.Error as error:
            if not away:
                log.warning("no word of other processes' commits: %s", error)
            away = True
            stop.wait(_TROUBLE_SECONDS)


def _hear(connection: psycopg.Connection, heard: threading.Event, stop: threading.Event) -> None:
    while not stop.is_set():
        for _ in connection.notifies(timeout=_LOOK_SECONDS):
            heard.set()


def _conninfo(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)
