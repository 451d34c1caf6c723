"""What an owner may know of a training."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.errors import NotFoundError
from shared.tasks.cancel import no_such_task

TRAINING = "training"
"""The pipeline."""


@dataclass(frozen=True, slots=True)
class TrainingStatus:
    """What steps say of a training: `fit` and `evaluate` once they are done."""

    task: TaskRow
    fit: Mapping[str, Any]
    evaluate: Mapping[str, Any]


def training_status(unit: Unit, owner: str, task_id: str) -> TrainingStatus:
    """A training by its id, or the last one of the loop with this id.

    Raises:
        NotFoundError: `no_such_task`, `no_training`.
    """
    row = unit.tasks.owned(owner, task_id)
    if row is None:
        raise no_such_task(task_id)
    if row.pipeline != TRAINING:
        phases = unit.tasks.phases(row.root_id or row.id)
        trainings = [each for each in phases if each.pipeline == TRAINING]
        if not trainings:
            raise NotFoundError(
                "no_training", f"No model was trained for task {task_id}; ask by POST /training."
            )
        row = trainings[-1]
    outputs = {step.name: step.output or {} for step in unit.steps.of(row.id)}
    return TrainingStatus(row, outputs.get("fit", {}), outputs.get("evaluate", {}))
