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
    """End the task as cancelled, and the loop that began with it: what lives of that ends, and
    nothing follows what has ended. Cancelling twice is cancelling once.

    Raises:
        NotFoundError: `no_such_task`.
        ConflictError: `task_ended`, when it succeeded or failed before, and no loop goes on.
    """
    row = unit.tasks.lock(task_id)
    if row is None or row.owner != owner or row.erase_requested_at is not None:
        raise no_such_task(task_id)
    again, goes_on = row.cancel_requested, _may_go_on(unit, row)
    was_live = row.state in LIVE_TASKS
    stop_loop(unit, row)
    if not (again or was_live or goes_on):
        raise ConflictError("task_ended", f"The task has {row.state}; nothing is left to cancel.")


def _may_go_on(unit: Unit, root: TaskRow) -> bool:
    """Whether a loop began with this task, and nobody has ended it: even where no task of it
    lives, the news of the last one may be on its way to the conductor.
    """
    phases = unit.tasks.phases(root.id)
    in_loop = bool(phases) or root.options.get("loop", "none") != "none"
    goes_on = (*LIVE_TASKS, TaskState.SUCCEEDED)
    return in_loop and any(
        each.state in goes_on and not each.cancel_requested for each in (root, *phases)
    )


def stop_loop(unit: Unit, root: TaskRow) -> None:
    """End what lives of the loop that began with this task, and have nothing follow the rest.

    The caller holds the lock of the root, and one of it is always taken before those of phases.
    """
    phases = [unit.tasks.lock(phase.id) for phase in unit.tasks.phases(root.id)]
    for row in (root, *phases):
        if row is None:
            continue
        if row.state in LIVE_TASKS:
            stop_task(unit, row)
        row.cancel_requested = True


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
