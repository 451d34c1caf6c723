"""The task that a phase would go on with, locked, and what goes on with it already.

Whether a phase may be added and adding it have to be one transaction under the lock of the loop:
two requests that come at once would each find that nobody asked before.
"""

from collections.abc import Sequence

from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.task import LIVE_TASKS


def lock_parent(unit: Unit, owner: str, task_id: str) -> TaskRow | None:
    """The owner's task with its loop locked; None where there is none, or it is being erased."""
    locked = unit.tasks.lock_in_loop(task_id)
    if locked is None or any(row.erase_requested_at is not None for row in locked):
        return None
    task, _ = locked
    return task if task.owner == owner else None


def live_phases(unit: Unit, parent: TaskRow, pipeline: str) -> Sequence[TaskRow]:
    """What goes on with this task by this pipeline, and has not ended. Its loop is locked."""
    return [
        phase
        for phase in unit.tasks.phases(parent.root_id or parent.id)
        if (phase.pipeline, phase.parent_id) == (pipeline, parent.id) and phase.state in LIVE_TASKS
    ]


def was_submitted(unit: Unit, owner: str, idempotency_key: str | None) -> bool:
    """Whether a request with this key led to a task before; it then gets the same one."""
    return idempotency_key is not None and unit.tasks.by_key(owner, idempotency_key) is not None
