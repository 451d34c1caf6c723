"""Write the steps of a task that was submitted, and ring the first."""

from datetime import datetime

from pydantic import ValidationError

from shared.db.tables import StepRow, TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.step import StepState
from shared.domain.task import LIVE_TASKS
from shared.pipeline.advance import advance
from shared.pipeline.layout import Stages, stages_of
from shared.pipeline.leases import ROOM
from shared.pipeline.step import ChunkStep, Pipelines
from shared.tasks.ending import fail_task


def begin_task(unit: Unit, task_id: str, pipelines: Pipelines, now: datetime) -> bool:
    """Make the first stage ready; False where there is nothing to begin (any more)."""
    task = unit.tasks.lock(task_id)
    if task is None or task.state not in LIVE_TASKS or unit.steps.of(task_id):
        return False
    try:
        stages = stages_of(pipelines[task.pipeline], domain_task(task))
    except (KeyError, ValidationError):
        fail_task(
            unit, task, step="submit", code="invalid_task", room=ROOM, now=now,
            message="The workers know no such pipeline or options; submit the task again.",
        )  # fmt: skip
        return False
    unit.steps.add_all(_rows(task, stages))
    advance(unit, task, stages, done=-1, chunks={}, now=now)
    return True


def _rows(task: TaskRow, stages: Stages) -> list[StepRow]:
    """All steps but those of chunks, whose number nobody knows yet."""
    return [
        StepRow(
            task_id=task.id, name=step.name, position=stage.position, queue=step.queue,
            state=StepState.WAITING,
        )
        for stage in stages
        for step in stage.steps
        if not isinstance(step, ChunkStep)
    ]  # fmt: skip
