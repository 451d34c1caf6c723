"""Bring a database to the schema that this version needs, or say that it is not there."""

from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from shared.db.database import Database
from shared.db.engine import open_engine
from shared.errors import PermanentError

_LOCK = 0x7472_6163_6B  # any number that nobody else locks


def upgrade(url: str, migrations: Path) -> None:
    """Run every migration that is missing, in one transaction, in one process at a time.

    Raises:
        PermanentError: `database_encoding`.
        TransientError: `database_unreachable`.
    """
    with closing(Database(url)) as database:
        database.check()
    engine = open_engine(url, foreign_keys=False)
    try:
        with engine.begin() as connection:
            if engine.dialect.name == "postgresql":
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
            command.upgrade(_config(migrations, connection), "head")
    finally:
        engine.dispose()


def prepare(url: str, migrations: Path) -> Database:
    """A database that is ready: SQLite is created and migrated, PostgreSQL only checked.

    Raises:
        PermanentError: `wrong_schema`, with the command that mends it; `database_encoding`.
        TransientError: `database_unreachable`.
    """
    database = Database(url)
    if database.is_sqlite:
        upgrade(url, migrations)
        return database
    database.check()
    try:
        check_schema(database, migrations)
    except PermanentError:
        database.close()
        raise
    return database


def check_schema(
    database: Database, migrations: Path, *, name: str = "The database", aim: str = ""
) -> None:
    """Go on only with the schema that this version needs.

    Args:
        name: what the message calls it.
        aim: ends the command that it names.

    Raises:
        PermanentError: `wrong_schema`, with the command that mends it.
    """
    head = ScriptDirectory.from_config(_config(migrations)).get_current_head()
    with database.engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
    if found != head:
        raise PermanentError(
            "wrong_schema",
            f"{name} is at migration {found}, this version needs {head}; "
            f"run `trackloop db upgrade`{aim}.",
        )


def _config(migrations: Path, connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
