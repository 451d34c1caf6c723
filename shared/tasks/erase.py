"""Erase a task: gone at once for whoever asks, its files once nothing writes them any more."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.domain.labeling import REQUEST
from shared.errors import TrackloopError
from shared.tasks.cancel import no_such_task, stop_loop
from shared.tasks.labeling import requested_labels

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Erasure:
    """What has to go.

    Attributes:
        keys: shared files that no other task needs; the task's own folders go anyway.
        asked_labels: whether the labelling tool may have something of the task: who died while he
            asked told nobody.
        handle: by which the tool finds it, where that is known.
    """

    task_id: str
    keys: Sequence[str]
    asked_labels: bool = False
    handle: str | None = None


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
    stop_loop(unit, row)
    now = datetime.now(UTC)
    for each in (row, *unit.tasks.phases(row.id)):
        each.erase_requested_at = each.erase_requested_at or now


def finish_erasures(database: Database, erase_files: EraseFiles) -> int:
    """Erase what was asked for and is still; how many tasks. Files go first, then the rows that
    name them, so that a crash in between repeats and forgets nothing.

    One that fails is tried again the next time, and holds up no other.
    """
    with database.read() as unit:
        wanted = unit.tasks.to_erase()
    return sum(_finish(database, task_id, erase_files) for task_id in wanted)


def _finish(database: Database, task_id: str, erase_files: EraseFiles) -> bool:
    with database.read() as unit:
        if unit.steps.leased(task_id, datetime.now(UTC)):
            return False
        erasure = _erasure(unit, task_id)
    try:
        erase_files(erasure)
    except (TrackloopError, OSError) as error:
        log.warning("%s: the erasure is tried again: %s", task_id, error)
        return False
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        if row is None:
            return False
        unit.outbox.forget(task_id)
        unit.deliveries.forget(task_id)
        unit.tasks.delete(row)
    return True


def _erasure(unit: Unit, task_id: str) -> Erasure:
    asked = any(
        step.name == REQUEST and step.started_at is not None for step in unit.steps.of(task_id)
    )
    requested = requested_labels(unit, task_id)
    handle = requested.handle if requested is not None else None
    return Erasure(task_id, unit.artefacts.only_of(task_id), asked, handle)
