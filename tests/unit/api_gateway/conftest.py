"""A gateway for each test."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.db.database import Database
from shared.progress.adapters import open_board
from tests.support.databases import SqliteFiles
from tests.support.gateway import Service, service


@pytest.fixture
def served(sqlite_files: SqliteFiles, tmp_path: Path) -> Iterator[Service]:
    """On SQLite; what the database decides is tested with `served_on_both`."""
    with sqlite_files.fresh(tmp_path) as url, closing(Database(url)) as database:
        yield from _served(database, tmp_path)


@pytest.fixture
def served_on_both(database: Database, tmp_path: Path) -> Iterator[Service]:
    """On SQLite and PostgreSQL."""
    yield from _served(database, tmp_path)


def _served(database: Database, folder: Path) -> Iterator[Service]:
    with open_board("memory://") as board:
        yield service(database, board, folder / "storage", allowed_folders=(folder / "films",))
