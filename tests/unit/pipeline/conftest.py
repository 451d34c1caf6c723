"""A toy room on SQLite and on PostgreSQL."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.db.database import Database
from tests.support.toy import ToyRoom, toy_room


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Iterator[ToyRoom]:
    with toy_room(database, tmp_path) as opened:
        yield opened
