"""Two databases between which may be copied: idle, of this version's schema, not the same."""

import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import DatabaseError

from shared.db.database import Database
from shared.db.migrate import check_schema
from shared.db.only_process import only_process
from shared.errors import ConflictError, InvalidInputError, NotFoundError, TrackloopError

_SETTING = "TRACKLOOP_DATABASE_URL"
_AIM = f" with {_SETTING} set to it"


@contextmanager
def opened_for_copy(
    source_url: str, target_url: str, migrations: Path
) -> Iterator[tuple[Database, Database]]:
    """Source and target, kept to this process where a service would keep others off.

    Raises:
        InvalidInputError: `unknown_database`, `sqlite_without_file`, `not_a_database`.
        NotFoundError: `no_such_database`: a file is not made here.
        TransientError: `database_unreachable`.
        ConflictError: `same_database`; `already_running`: a service on SQLite or `memory://`.
        PermanentError: `wrong_schema`, `database_encoding`.
    """
    with ExitStack() as held:
        source, target = (
            held.enter_context(_there(url, option))
            for url, option in ((source_url, "--source"), (target_url, "--target"))
        )
        if _same(source, target):
            raise ConflictError(
                "same_database", "--target: it is the database of --source; name another one."
            )
        for url in (source_url, target_url):
            held.enter_context(only_process(url, "memory://"))
        for database, option in ((source, "--source"), (target, "--target")):
            check_schema(database, migrations, name=f"{option}: the database", aim=_AIM)
        yield source, target


@contextmanager
def _there(url: str, option: str) -> Iterator[Database]:
    with ExitStack() as held:
        try:
            database = held.enter_context(closing(Database(url)))
            if database.is_sqlite and not _file(database).is_file():
                raise NotFoundError(
                    "no_such_database",
                    f"{_SETTING}: there is no file {_file(database)}; correct the path, or make "
                    "the database with `trackloop db upgrade`.",
                )
            database.check()
        except TrackloopError as error:
            # They name the setting; here an option took its place.
            raise type(error)(error.code, error.message.replace(_SETTING, option)) from error
        except DatabaseError as error:
            raise InvalidInputError(
                "not_a_database",
                f"{option}: {database.engine.url.database} is no database; correct the path.",
            ) from error
        yield database


def _same(source: Database, target: Database) -> bool:
    if source.is_sqlite != target.is_sqlite:
        return False
    if source.is_sqlite:
        return _file(source).samefile(_file(target))
    with source.engine.connect() as here, target.engine.connect() as there:
        # One server has many names; a lock that one session holds and the other cannot get has
        # one place.
        number = secrets.randbits(62)
        return _locks(here, number) and not _locks(there, number)


def _locks(connection: Connection, number: int) -> bool:
    """Until the transaction ends."""
    lock = text("SELECT pg_try_advisory_xact_lock(:number)").bindparams(number=number)
    return bool(connection.scalar(lock))


def _file(database: Database) -> Path:
    return Path(str(database.engine.url.database))
