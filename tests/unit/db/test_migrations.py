"""The migrations and the tables say the same; a wrong schema is refused, not used."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from shared.db.database import Database
from shared.db.migrate import prepare, upgrade
from shared.db.tables import Base
from shared.errors import PermanentError
from tests.support.databases import MIGRATIONS, PostgresServer
from tests.support.rows import stored_task


def test_migrations_and_tables_agree(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_upgrading_again_changes_nothing(database: Database, database_url: str) -> None:
    task_id = stored_task(database)
    upgrade(database_url, MIGRATIONS)
    with database.read() as unit:
        assert unit.tasks.get(task_id) is not None


def test_sqlite_is_created_and_migrated_at_start(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new' / 'trackloop.db'}"
    for _ in range(2):
        database = prepare(url, MIGRATIONS)
        stored_task(database)
        database.close()


def test_postgres_is_only_checked(postgres: PostgresServer) -> None:
    with postgres.empty() as url:
        with pytest.raises(PermanentError, match="trackloop db upgrade") as refused:
            prepare(url, MIGRATIONS)
        assert refused.value.code == "wrong_schema"
        upgrade(url, MIGRATIONS)
        prepare(url, MIGRATIONS).close()


def test_a_replaced_table_keeps_the_rows_that_refer_to_it(tmp_path: Path) -> None:
    """Why migrations of SQLite run without foreign keys: dropping a table deletes its children."""
    from shared.db.engine import open_engine

    for checked, left in ((True, 0), (False, 1)):
        engine = open_engine(f"sqlite:///{tmp_path / str(checked)}.db", foreign_keys=checked)
        with engine.begin() as connection:
            for statement in (
                "CREATE TABLE tasks (id INTEGER PRIMARY KEY)",
                "CREATE TABLE steps (id INTEGER PRIMARY KEY, "
                "task REFERENCES tasks (id) ON DELETE CASCADE)",
                "INSERT INTO tasks VALUES (1)",
                "INSERT INTO steps VALUES (1, 1)",
                "DROP TABLE tasks",
            ):
                connection.execute(text(statement))
            assert connection.scalar(text("SELECT count(*) FROM steps")) == left
        engine.dispose()


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_that_cannot_keep_every_text_is_refused(
    postgres: PostgresServer, encoding: str
) -> None:
    options = f" ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0"
    with postgres.empty(options) as url:
        for use in (upgrade, prepare):
            with pytest.raises(
                PermanentError, match=f"TRACKLOOP_DATABASE_URL.*{encoding}"
            ) as error:
                use(url, MIGRATIONS)
            assert error.value.code == "database_encoding"
