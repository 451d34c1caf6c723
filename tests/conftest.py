"""Fixtures that every test may use."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db.database import Database
from tests.support.databases import PostgresServer, SqliteFiles, postgres_server

for _name in ("TRACKLOOP_URL", "TRACKLOOP_API_KEY"):
    os.environ.pop(_name, None)  # no test talks to the service of whoever runs it

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell ignores it for what runs in the background, and so would the commands under test.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real videos, models and broken files."""
    folder = os.environ.get("TRACKLOOP_TEST_DATA")
    if folder is None:
        pytest.skip("TRACKLOOP_TEST_DATA is not set: no real videos, models and broken files")
    return Path(folder)


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SqliteFiles:
    """A migrated SQLite file to copy."""
    return SqliteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A real PostgreSQL server."""
    server = postgres_server()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A migrated database of its own, on both kinds."""
    fixture = {"sqlite": "sqlite_files", "postgres": "postgres"}[request.param]
    source: SqliteFiles | PostgresServer = request.getfixturevalue(fixture)
    with source.fresh(tmp_path) as url:
        yield url


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated database of its own, opened."""
    opened = Database(database_url)
    yield opened
    opened.close()
