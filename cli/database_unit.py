"""The database, for commands that need no service."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

from shared.settings import load_settings

if TYPE_CHECKING:
    from shared.db.unit_of_work import Unit


@contextmanager
def database_unit() -> "Iterator[Unit]":
    """One transaction, whether the service runs or not.

    Raises:
        PermanentError: `wrong_schema`, `database_encoding`.
        TransientError: `database_unreachable`.
    """
    from shared.db.migrate import prepare

    settings = load_settings()
    with (
        closing(prepare(settings.database_url, settings.migrations)) as database,
        database.begin() as unit,
    ):
        yield unit
