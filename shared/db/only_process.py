"""One process at a time where messages do not leave the process."""

import fcntl
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from shared.db.database import Database
from shared.errors import ConflictError

_PURPOSE = 0x7570  # any number that nobody else locks


@contextmanager
def only_process(database_url: str, broker_url: str) -> Iterator[None]:
    """Keep others off the database while the block lasts, where two would harm each other.

    SQLite serves one process, and whoever starts with `memory://` takes every step that runs for
    one that a dead process left.

    Raises:
        ConflictError: `already_running`.
        InvalidInputError: what `open_engine` refuses.
        TransientError: `database_unreachable`.
    """
    with closing(Database(database_url)) as database, _place(database, broker_url) as alone:
        if not alone:
            raise ConflictError(
                "already_running",
                f"Another process serves {_shown(database)}; use that one, stop it, or set "
                f"{_other_place(database)}.",
            )
        yield


def _place(database: Database, broker_url: str) -> AbstractContextManager[bool]:
    if database.is_sqlite:
        file = Path(_shown(database)).resolve()
        return _locked(file.with_name(f"{file.name}.lock"))
    database.check()
    if urlsplit(broker_url).scheme == "memory":
        return database.alone(_PURPOSE)
    return nullcontext(True)


@contextmanager
def _locked(file: Path) -> Iterator[bool]:
    """The lock goes with the process, however it ends; its children do not inherit it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lock:
        yield _taken(lock)


def _taken(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _other_place(database: Database) -> str:
    if database.is_sqlite:
        return "TRACKLOOP_STORAGE_URL to another folder"
    return "TRACKLOOP_BROKER_URL to a broker that both share"


def _shown(database: Database) -> str:
    """Without credentials."""
    return str(database.engine.url.database)
