"""Erase a task: gone at once for whoever asks, its files once nothing writes them any more."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.domain.task import LIVE_TASKS
from shared.tasks.cancel import no_such_task, stop_task

EraseFiles = Callable[[str, Sequence[str]], None]
"""`erase(task_id, keys)`: the task's own folders, and the shared files that nobody else needs."""


def erase_task(unit: Unit, owner: str, task_id: str) -> None:
    """Ask for the erasure; a live task is cancelled first. `finish_erasures` does the rest.

    Raises:
        NotFoundError: `no_such_task`.
    """
    row = unit.tasks.lock(task_id)
    if row is None or row.owner != owner or row.erase_requested_at is not None:
        raise no_such_task(task_id)
    if row.state in LIVE_TASKS:
        stop_task(unit, row)
    row.erase_requested_at = datetime.now(UTC)


def finish_erasures(database: Database, erase_files: EraseFiles) -> int:
    """Erase what was asked for and is still; how many tasks. Files go first, then the rows that
    name them, so that a crash in between repeats and forgets nothing.
    """
    with database.read() as unit:
        wanted = unit.tasks.to_erase()
    return sum(_finish(database, task_id, erase_files) for task_id in wanted)


def _finish(database: Database, task_id: str, erase_files: EraseFiles) -> bool:
    with database.read() as unit:
        if unit.steps.leased(task_id, datetime.now(UTC)):
            return False
        keys = unit.artefacts.only_of(task_id)
    erase_files(task_id, keys)
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        if row is None:
            return False
        unit.outbox.forget(task_id)
        unit.deliveries.forget(task_id)
        unit.tasks.delete(row)
    return True
