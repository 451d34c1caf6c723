"""Connections that may have broken since they were used last are asked before they are used again.

Asking at every use, as a pool's `pre_ping` does, costs a busy gateway a question to the server for
each that it has. A server that goes away says so on its connections, or the system does for it:
there is something to read where nothing was asked. What cannot say so, such as a cable that was
pulled out, is found by asking what was idle for a while.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

_IDLE_SECONDS = 1.0
_GIVEN_BACK = "trackloop_given_back"


def ask_idle_connections(engine: Engine) -> None:
    """Where the server is gone, the pool drops all of its connections and opens new ones."""

    @event.listens_for(engine, "checkin")
    def note(_: Any, record: Any) -> None:
        record.info[_GIVEN_BACK] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: Any, record: Any, _: Any) -> None:
        given_back = record.info.get(_GIVEN_BACK)
        if given_back is None:
            return
        idle = time.monotonic() - given_back >= _IDLE_SECONDS
        if not idle and not _has_news(connection.fileno()):
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error
        if not alive:
            raise InvalidatePoolError


def _has_news(descriptor: int) -> bool:
    """Something came unasked: the server's last word, or the end of the connection."""
    news = select.poll()
    news.register(descriptor, select.POLLIN)
    return bool(news.poll(0))
