"""Erase a task: gone at once for whoever asks, its files once nothing writes them any more."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.domain.task import LIVE_TASKS
from shared.tasks.cancel import no_such_task, stop_phases, stop_task
from shared.tasks.labeling import requested_labels


@dataclass(frozen=True, slots=True)
class Erasure:
    """What has to go.

    Attributes:
        keys: shared files that no other task needs; the task's own folders go anyway.
        labeling: by which the labelling tool finds what it has of the task; None: it has nothing.
    """

    task_id: str
    keys: Sequence[str]
    labeling: str | None = None


EraseFiles = Callable[[Erasure], None]
"""Deletes all of it; may be called again."""


def erase_task(unit: Unit, owner: str, task_id: str) -> None:
    """Ask for the erasure, with all that its loop left; what lives is cancelled first.
    `finish_erasures` does the rest.

    Raises:
        NotFoundError: `no_such_task`.
    """
    row = unit.tasks.lock(task_id)
    if row is None or row.owner != owner or row.erase_requested_at is not None:
        raise no_such_task(task_id)
    stop_phases(unit, row)
    if row.state in LIVE_TASKS:
        stop_task(unit, row)
    now = datetime.now(UTC)
    for each in (row, *unit.tasks.phases(row.id)):
        each.erase_requested_at = each.erase_requested_at or now


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
        asked = requested_labels(unit, task_id)
    erase_files(Erasure(task_id, keys, asked.handle if asked else None))
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        if row is None:
            return False
        unit.outbox.forget(task_id)
        unit.deliveries.forget(task_id)
        unit.tasks.delete(row)
    return True
