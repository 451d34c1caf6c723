"""Forget what this host has fetched of tasks that are erased."""

from shared.db.database import Database
from shared.settings import Settings
from shared.storage.blob_cache import BlobCache
from shared.storage.locked_folder import clear_dead

_AT_ONCE = 500
"""Hashes asked for in one query; databases limit how many it may name."""


def tidy_cache(settings: Settings, database: Database) -> None:
    """Drop every blob that no task refers to, and what dead processes left.

    A step that has not committed yet keeps its own links: at worst its files are fetched again.
    """
    cache = BlobCache(settings.cache_folder, settings.cache_bytes)
    clear_dead(cache.work)
    hashes = cache.hashes()
    for start in range(0, len(hashes), _AT_ONCE):
        some = hashes[start : start + _AT_ONCE]
        with database.read() as unit:
            known = unit.artefacts.referred(some)
        cache.forget(set(some) - known)
