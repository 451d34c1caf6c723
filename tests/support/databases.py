"""Real databases for tests: migrated once, copied for each test."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from shared.db.migrate import upgrade
from shared.settings import REPOSITORY

MIGRATIONS = REPOSITORY / "migrations"


class SqliteFiles:
    """Copies of one migrated file."""

    def __init__(self, folder: Path) -> None:
        self._template = folder / "template.db"
        upgrade(f"sqlite:///{self._template}", MIGRATIONS)

    @contextmanager
    def fresh(self, folder: Path) -> Iterator[str]:
        """The URL of a migrated database of its own."""
        file = folder / "trackloop.db"
        shutil.copyfile(self._template, file)
        yield f"sqlite:///{file}"


class PostgresServer:
    """Copies of one migrated database on a real server."""

    def __init__(self, server: str) -> None:
        self._url = make_url(server)
        self._server = create_engine(
            server, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
        )
        self._template = self._create()
        upgrade(self.url(self._template), MIGRATIONS)

    @contextmanager
    def fresh(self, _: Path) -> Iterator[str]:
        """The URL of a migrated database of its own, dropped at the end."""
        name = self._create(f" TEMPLATE {self._template}")
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    @contextmanager
    def empty(self, options: str = "") -> Iterator[str]:
        """The URL of a database without any table; `options` are those of CREATE DATABASE."""
        name = self._create(options)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def url(self, name: str) -> str:
        return self._url.set(database=name).render_as_string(hide_password=False)

    def drop(self, name: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))

    def close(self) -> None:
        self.drop(self._template)
        self._server.dispose()

    def _create(self, template: str = "") -> str:
        name = f"trackloop_test_{secrets.token_hex(6)}"
        with self._server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}{template}"))
        return name
