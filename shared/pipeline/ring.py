"""Ring one step again, with the rest of its chain. The caller holds the task's lock."""

import logging
from datetime import datetime

from pydantic import ValidationError

from shared.db.tables import StepRow, TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.step import Doorbell, StepRef, StepState
from shared.pipeline.layout import chain_from, find_step, stages_of
from shared.pipeline.leases import take_lease_away
from shared.pipeline.step import Pipelines

log = logging.getLogger(__name__)


def ring_step(
    unit: Unit, task: TaskRow, step: StepRow, pipelines: Pipelines, now: datetime
) -> bool:
    """Leave its doorbell; whoever runs it loses it. False where this version has no such step."""
    try:
        stages = stages_of(pipelines[task.pipeline], domain_task(task))
    except (KeyError, ValidationError):
        stages = ()
    found = find_step(stages, step.name)
    if found is None:
        log.error("%s: this version has no step %s", task.id, step.name)
        return False
    if step.state == StepState.RUNNING:
        take_lease_away(step)
    step.rung_at, step.resume_at = now, None
    chain = chain_from(stages, found[0], step.name, step.part)
    unit.outbox.add_doorbell(Doorbell(task.id, task.generation, (chain,)))
    return True


def ring_waiting(unit: Unit, task_id: str, name: str, pipelines: Pipelines, now: datetime) -> bool:
    """Ring a step that waits to be run later, now; False where it does not wait."""
    task = unit.tasks.lock(task_id)
    if task is None:
        return False
    step = unit.steps.find(StepRef(task_id, name, 0, task.generation))
    if step is None or step.state != StepState.READY or step.resume_at is None:
        return False
    return ring_step(unit, task, step, pipelines, now)
