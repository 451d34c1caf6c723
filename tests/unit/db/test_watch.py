"""What a watch notices, and what it may miss: nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.db.migrate import prepare
from shared.settings import REPOSITORY
from tests.support.rows import stored_task


def test_a_commit_of_anybody_is_noticed(database: Database) -> None:
    with closing(Database(_url(database))) as another, database.watch() as watch:
        assert watch.changed()
        for writer in (database, another):
            stored_task(writer)
            assert watch.changed()


def test_sqlite_tells_that_nobody_wrote(tmp_path: Path) -> None:
    with (
        closing(prepare(f"sqlite:///{tmp_path}/a.db", REPOSITORY / "migrations")) as database,
        database.watch() as watch,
    ):
        assert watch.changed()
        with database.read() as unit:
            unit.tasks.to_erase()
        assert [watch.changed() for _ in range(3)] == [False] * 3
        with pytest.raises(RuntimeError), database.begin() as unit:
            unit.tasks.to_erase()
            raise RuntimeError
        assert not watch.changed()
        stored_task(database)
        assert [watch.changed(), watch.changed()] == [True, False]


def test_a_database_that_cannot_be_asked_counts_as_changed(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    with Database(f"sqlite:///{tmp_path}/folder.db").watch() as watch:
        assert [watch.changed(), watch.changed()] == [True, True]


def _url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)
