"""Two transactions that meet."""

import threading

from sqlalchemy import text

from shared.db.database import Database
from tests.support.waiting import eventually

_WAITING = text(
    "SELECT count(*) FROM pg_stat_activity "
    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
)


def wait_for_a_lock(database: Database, thread: threading.Thread) -> None:
    """Until the thread's transaction waits for a row that another one holds.

    SQLite has one writer, whose turn others wait for before they read anything: there it waits at
    its first word.
    """
    if database.is_sqlite:
        return

    def waits() -> bool:
        assert thread.is_alive(), "it waited for nobody"
        with database.engine.connect() as connection:
            return bool(connection.scalar(_WAITING))

    eventually(waits)
