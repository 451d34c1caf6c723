"""Cancel a task: at once for everybody who asks, within a second for the step that runs."""

from datetime import UTC, datetime

from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.task import LIVE_TASKS, TaskState
from shared.errors import ConflictError, NotFoundError
from shared.events.task import TaskCancelled
from shared.tasks.ending import announce, stop_steps
from shared.tasks.submit import ROOM


def cancel_task(unit: Unit, owner: str, task_id: str) -> None:
    """End the task as cancelled, and what goes on with its results. Cancelling twice is cancelling
    once.

    Raises:
        NotFoundError: `no_such_task`.
        ConflictError: `task_ended`, when it succeeded or failed before.
    """
    row = unit.tasks.lock(task_id)
    if row is None or row.owner != owner or row.erase_requested_at is not None:
        raise no_such_task(task_id)
    stopped = stop_phases(unit, row)
    if row.state == TaskState.CANCELLED or (stopped and row.state not in LIVE_TASKS):
        return
    if row.state not in LIVE_TASKS:
        raise ConflictError("task_ended", f"The task has {row.state}; nothing is left to cancel.")
    stop_task(unit, row)


def stop_phases(unit: Unit, root: TaskRow) -> int:
    """End what lives of the loop that began with this task; how many tasks.

    The caller holds the lock of the root, and one of it is always taken before those of phases.
    """
    live = 0
    for phase in unit.tasks.phases(root.id):
        row = unit.tasks.lock(phase.id)
        if row is not None and row.state in LIVE_TASKS:
            stop_task(unit, row)
            live += 1
    return live


def stop_task(unit: Unit, row: TaskRow) -> None:
    """Outdate every queued message and end every step; the caller holds the lock."""
    now = datetime.now(UTC)
    row.generation += 1
    row.state, row.cancel_requested, row.ended_at = TaskState.CANCELLED, True, now
    step = stop_steps(unit, row, now)
    data = TaskCancelled(
        user_id=row.owner, step=step, code="cancelled", message="The task was cancelled."
    )
    announce(unit, row, data, room=ROOM)


def no_such_task(task_id: str) -> NotFoundError:
    """The answer for a task that is not there, or not the asker's."""
    return NotFoundError("no_such_task", f"There is no task {task_id}; check the id.")
