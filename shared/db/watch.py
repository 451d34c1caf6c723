"""Whether anything was committed since the last look, without reading what."""

from contextlib import closing
from sqlite3 import Error
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import SQLAlchemyError


class Watch:
    """For whoever looks often and finds nothing: SQLite tells cheaply that nobody has written.

    PostgreSQL has no such counter; there everything counts as changed. Use it in one thread at a
    time, and close it.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counts = engine.dialect.name == "sqlite"
        self._connection: PoolProxiedConnection | None = None
        self._seen: int | None = None

    def changed(self) -> bool:
        """True at first, after anybody's commit, and where it cannot be told: then read."""
        if not self._counts:
            return True
        try:
            now = self._version()
        except (SQLAlchemyError, Error):
            return True  # the read that follows says what is wrong
        changed, self._seen = now != self._seen, now
        return changed

    def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    def _version(self) -> int:
        """Changes with each commit of any other connection, of this process or another.

        https://sqlite.org/pragma.html#pragma_data_version
        """
        if self._connection is None:
            self._connection = self._engine.raw_connection()
        with closing(self._connection.cursor()) as cursor:
            cursor.execute("PRAGMA data_version")
            return int(cursor.fetchall()[0][0])
