"""Forget what this host has fetched of tasks that are erased, or needed while they lived."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress

from shared.db.database import Database
from shared.settings import Settings
from shared.storage.blob_cache import BlobCache
from shared.storage.locked_folder import clear_dead
from shared.storage.paths import checkpoints

_AT_ONCE = 500
"""Hashes or ids asked for in one query; databases limit how many it may name."""


def tidy_cache(settings: Settings, database: Database) -> None:
    """Drop every blob that no task refers to, what dead processes left, and checkpoints of
    trainings that have ended, with the labels that lie beside them.

    A step that has not committed yet keeps its own links: at worst its files are fetched again.
    """
    cache = BlobCache(settings.cache_folder, settings.cache_bytes)
    clear_dead(cache.work)
    for some in _pieces(cache.hashes()):
        with database.read() as unit:
            known = unit.artefacts.referred(some)
        cache.forget(set(some) - known)
    trainings = checkpoints(settings.cache_folder)
    for some in _pieces([folder.name for folder in trainings.glob("*")]):
        with database.read() as unit:
            live = unit.tasks.live(some)
        for task_id in set(some) - live:
            with suppress(FileNotFoundError):  # another process of this host is at it
                shutil.rmtree(trainings / task_id)


def _pieces(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]
