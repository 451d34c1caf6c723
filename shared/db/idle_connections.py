"""Connections that were idle for a while are asked whether their server is still there.

Asking at every use, as a pool's `pre_ping` does, costs a busy gateway a question to the server for
each that it has. One that was used a moment ago is as good as asked; if its server went away since
then, the question itself fails as it would between two of them.
"""

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
        if given_back is None or time.monotonic() - given_back < _IDLE_SECONDS:
            return
        try:
            alive = engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error
        if not alive:
            raise InvalidatePoolError
