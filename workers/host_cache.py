"""What this host has fetched from a storage elsewhere, kept tidy."""

import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.settings import Settings
from shared.tasks.tidy_cache import tidy_cache

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1800.0


class HostCache:
    """Forgets what no task refers to any more: people are filmed, and may be forgotten."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self._settings, self._database = settings, database
        self._tidied = float("-inf")

    def tidy_now_and_then(self) -> None:
        """Every half hour, however often it is called."""
        if time.monotonic() - self._tidied < _PAUSE_SECONDS:
            return
        self._tidied = time.monotonic()
        try:
            tidy_cache(self._settings, self._database)
        except (SQLAlchemyError, OSError) as error:
            log.warning("the cache was not tidied; it is tried again: %s", error)
