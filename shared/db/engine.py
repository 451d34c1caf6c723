"""An engine for each kind of database, chosen by URL."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from shared.db.idle_connections import ask_idle_connections
from shared.errors import InvalidInputError

READ_ONLY = "trackloop_read_only"
_BUSY_SECONDS = 30.0
_CONNECT_SECONDS = 10
_POOL_SIZE = 20


def open_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """Connect when first used.

    Args:
        foreign_keys: off for migrations of SQLite, which replace tables: dropping the old one
            would delete the rows that refer to it.

    Raises:
        InvalidInputError: `unknown_database`, `sqlite_without_file`.
    """
    try:
        parsed = make_url(url)
        opener = _OPENERS[parsed.drivername]
    except (ArgumentError, KeyError) as error:
        raise InvalidInputError(
            "unknown_database",
            "TRACKLOOP_DATABASE_URL: the scheme is unknown; "
            f"known schemes: {', '.join(sorted(_OPENERS))}.",
        ) from error
    return opener(parsed, foreign_keys)


def reading_engine(engine: Engine) -> Engine:
    """An engine for transactions that only read, of the same database.

    On SQLite they are deferred. PostgreSQL has connections of their own for them, which refuse to
    write; each question there is a transaction by itself, as it would be on READ COMMITTED, without
    the BEGIN and the COMMIT around it.
    """
    if engine.dialect.name == "sqlite":
        return engine.execution_options(**{READ_ONLY: True})
    reader = _pooled_postgresql(engine.url, isolation_level="AUTOCOMMIT")

    @event.listens_for(reader, "connect")
    def refuse_writes(connection: Any, _: Any) -> None:
        connection.execute("SET default_transaction_read_only TO on")
        connection.commit()

    return reader


def _open_sqlite(url: URL, foreign_keys: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InvalidInputError(
            "sqlite_without_file", "TRACKLOOP_DATABASE_URL: sqlite:// needs the path of a file."
        )
    folder = Path(url.database).parent
    engine = create_engine(
        url, connect_args={"timeout": _BUSY_SECONDS}, pool_size=20, max_overflow=20
    )

    @event.listens_for(engine, "do_connect")
    def make_folder(*_: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver would begin lazily and deferred; `begin` below does it instead.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA foreign_keys={'ON' if foreign_keys else 'OFF'}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # Two deferred transactions that read and then write refuse each other at once,
        # whatever the busy timeout.
        reads = connection.get_execution_options().get(READ_ONLY, False)
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def _open_postgresql(url: URL, foreign_keys: bool) -> Engine:
    del foreign_keys  # migrations replace no tables there
    return _pooled_postgresql(url)


def _pooled_postgresql(url: URL, **options: Any) -> Engine:
    # No overflow: those connections are closed when they are given back, and a gateway under load
    # would open new ones all the time.
    engine = create_engine(
        url, pool_size=_POOL_SIZE, max_overflow=0, **options,
        # Else the driver takes the database's own encoding, and from SQL_ASCII it hands out bytes.
        connect_args={"connect_timeout": _CONNECT_SECONDS, "client_encoding": "utf8"},
    )  # fmt: skip
    ask_idle_connections(engine)
    return engine


_OPENERS: dict[str, Callable[[URL, bool], Engine]] = {
    "sqlite": _open_sqlite,
    "postgresql+psycopg": _open_postgresql,
}
