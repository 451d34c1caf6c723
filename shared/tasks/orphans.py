"""What nobody owns: the traces of requests that died before their task was written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from shared.db.database import Database

_AGE = timedelta(days=1)
"""No upload takes so long."""
_AT_ONCE = 500
"""Ids asked for in one query; databases limit how many it may name."""


@dataclass(frozen=True, slots=True)
class Uploads:
    """The folders that uploads left.

    Attributes:
        old: ids of tasks that left nothing else here, and nothing since this time.
        remove: delete what one of them left.
    """

    old: Callable[[datetime], Sequence[str]]
    remove: Callable[[str], None]


def remove_orphans(database: Database, uploads: Uploads) -> int:
    """Delete old uploads of which no task knows; how many."""
    ids = uploads.old(datetime.now(UTC) - _AGE)
    known: set[str] = set()
    with database.read() as unit:
        for start in range(0, len(ids), _AT_ONCE):
            known |= unit.tasks.known(ids[start : start + _AT_ONCE])
    orphans = [task_id for task_id in ids if task_id not in known]
    for task_id in orphans:
        uploads.remove(task_id)
    return len(orphans)
