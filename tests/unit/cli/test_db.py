"""`trackloop db`."""

from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.db.database import Database
from shared.errors import TrackloopError
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.two_databases import dump, fill


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")


def _copy(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["db", "copy", *map(str, arguments)])


def _row(result: Result, table: str) -> list[str]:
    return next(line.split() for line in result.stdout.splitlines() if line.split()[0] == table)


def test_a_service_moves_to_postgres_and_back(
    sqlite_files: SqliteFiles, postgres: PostgresServer, tmp_path: Path
) -> None:
    (tmp_path / "back").mkdir()
    with (
        sqlite_files.fresh(tmp_path) as ours,
        postgres.fresh(tmp_path) as server,
        sqlite_files.fresh(tmp_path / "back") as back,
        closing(Database(ours)) as first,
        closing(Database(server)) as second,
        closing(Database(back)) as third,
    ):
        fill(first)
        tried = _copy("--source", ours, "--target", server, "--dry-run")
        assert "would be written" in tried.stdout
        assert "dry run" in tried.stdout
        assert _row(tried, "steps") == ["steps", "6", "6", "0", "0"]
        assert not any(dump(second).values())
        assert _row(_copy("--source", ours, "--target", server), "tracks")[1:] == list("4400")
        assert _copy("--source", server, "--target", back).exit_code == 0
        assert dump(third) == dump(first)
        again = _copy("--source", server, "--target", back)
        assert isinstance(again.exception, TrackloopError)
        assert again.exception.code == "row_exists"
        skipped = _copy("--source", server, "--target", back, "--on-conflict", "skip")
        assert _row(skipped, "tasks")[1:] == list("2002")
        updated = _copy("--source", server, "--target", back, "--on-conflict", "update")
        assert _row(updated, "tasks")[1:] == list("2020")
