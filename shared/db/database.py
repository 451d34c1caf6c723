"""A database for as long as a process lives, and units of work on it."""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from shared.db.engine import READ_ONLY, open_engine, reading_engine
from shared.db.listen import CHANNEL, listening
from shared.db.unit_of_work import Unit
from shared.db.watch import Watch
from shared.errors import PermanentError, TransientError

_NOTIFY = text(f"NOTIFY {CHANNEL}")
_ENCODING = text("SHOW server_encoding")
_SNAPSHOT: dict[str, dict[str, Any]] = {
    "sqlite": {READ_ONLY: True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}


class Database:
    """Hands out units of work; each is one transaction.

    Attributes:
        outbox_written: set after each commit that left something to send; the relay clears it.
            Within `hearing_others` commits of other processes set it too.
        deliveries_written: the same for notifications; their sender clears it.
    """

    def __init__(self, url: str) -> None:
        self.engine = open_engine(url)
        self.outbox_written = threading.Event()
        self.deliveries_written = threading.Event()
        self._reader = reading_engine(self.engine)

    @property
    def is_sqlite(self) -> bool:
        """True where one writer at a time is all there is."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """Read and write: commits when the block ends, rolls back when it raises."""
        with Session(self.engine, expire_on_commit=False) as session:
            with session.begin():
                unit = Unit(session)
                yield unit
                if unit.outbox.written and not self.is_sqlite:
                    session.execute(_NOTIFY)
            if unit.outbox.written:
                self.outbox_written.set()
            if unit.deliveries.written:
                self.deliveries_written.set()

    @contextmanager
    def read(self) -> Iterator[Unit]:
        """Read only: waits for no writer."""
        with Session(self._reader, expire_on_commit=False) as session, session.begin():
            yield Unit(session)

    def hearing_others(self, stop: threading.Event) -> AbstractContextManager[None]:
        """`outbox_written` is set for every process's commits while the block lasts.

        SQLite has no such word; there one process writes.

        Args:
            stop: set before the block ends.
        """
        if self.is_sqlite:
            return nullcontext()
        return listening(self.engine.url, self.outbox_written, stop)

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Read only, however often, what was committed at one moment."""
        options = _SNAPSHOT[self.engine.dialect.name]
        with self.engine.execution_options(**options).connect() as connection, connection.begin():
            yield connection

    def watch(self) -> Watch:
        """Tells from now on whether anybody has committed; close it."""
        return Watch(self.engine)

    @contextmanager
    def alone(self, purpose: int) -> Iterator[bool]:
        """Whether this process is the only one at `purpose` (a number) while the block lasts.

        SQLite serves one process, which has to see to it itself.
        """
        if self.is_sqlite:
            yield True
            return
        alone = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        with alone.connect() as connection:
            lock, unlock = (
                text(f"SELECT pg_{name}(:purpose)").bindparams(purpose=purpose)
                for name in ("try_advisory_lock", "advisory_unlock")
            )
            got = bool(connection.scalar(lock))
            try:
                yield got
            finally:
                if got:
                    connection.execute(unlock)

    def check(self) -> None:
        """Connect once.

        Raises:
            TransientError: `database_unreachable`.
            PermanentError: `database_encoding`: it would refuse names and texts, or count bytes.
        """
        try:
            with self.engine.connect() as connection:
                encoding = "UTF8" if self.is_sqlite else connection.scalar(_ENCODING)
        except OperationalError as error:
            reason = str(error.orig).partition("\n")[0]
            raise TransientError(
                "database_unreachable",
                f"TRACKLOOP_DATABASE_URL: the database cannot be used ({reason}); "
                "start it or correct the URL.",
            ) from error
        if encoding != "UTF8":
            raise PermanentError(
                "database_encoding",
                f"TRACKLOOP_DATABASE_URL: the database's encoding is {encoding}; "
                "create it anew with ENCODING 'UTF8' TEMPLATE template0.",
            )

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()
        self._reader.dispose()
