"""Train a model on a prepared dataset, and let a trained one go live."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.db.tables import TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.task import (
    DeploymentOptions,
    LabelingOptions,
    TaskState,
    TrainingOptions,
)
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.tasks.cancel import no_such_task
from shared.tasks.submit import Submission

TRAINING, DEPLOYMENT = "training", "deployment"
"""Pipelines."""
_FOLDER = "train_log/"


def training_of(
    unit: Unit, owner: str, data_path: str, settings: Mapping[str, Any], *, deploy: bool
) -> Submission:
    """A training on the dataset of a labelling, to be submitted.

    Args:
        data_path: `train_log/{task_id}`.
        settings: of the fit, checked before.
        deploy: whether the model goes live if it is better.

    Raises:
        InvalidInputError: `bad_data_path`.
        NotFoundError: `no_such_data`.
        ConflictError: `not_prepared`.
    """
    row = unit.tasks.owned(owner, _task_of(data_path))
    options = domain_task(row).options if row is not None else None
    if row is None or not isinstance(options, LabelingOptions):
        raise NotFoundError(
            "no_such_data",
            f"data_path: {data_path} is no dataset; give train_log/ and the id of a labelling.",
        )
    if row.state != TaskState.SUCCEEDED:
        raise ConflictError(
            "not_prepared", f"data_path: task {row.id} is {row.state}; wait for its dataset."
        )
    wanted = TrainingOptions(row.id, options.analysis.model, dict(settings), deploy)
    return _phase(owner, row, wanted, TRAINING)


def deployment_of(
    unit: Unit, owner: str, task_id: str, model_path: str | None, *, forced_by: str | None
) -> Submission:
    """The deployment of what a task trained, to be submitted.

    Args:
        model_path: `train_log/{task_id}/model.pt`, or None for the same.
        forced_by: who wants it live whatever the figures say.

    Raises:
        NotFoundError: `no_such_task`.
        InvalidInputError: `bad_model_path`.
        ConflictError: `not_trained`.
    """
    row = unit.tasks.owned(owner, task_id)
    options = domain_task(row).options if row is not None else None
    if row is None:
        raise no_such_task(task_id)
    expected = f"{_FOLDER}{row.id}/model.pt"
    if model_path is not None and model_path.strip("/") != expected:
        raise InvalidInputError(
            "bad_model_path",
            f"model_path: {model_path} is not what task {row.id} trained; give {expected}, or "
            "leave it out.",
        )
    if not isinstance(options, TrainingOptions) or row.state != TaskState.SUCCEEDED:
        raise ConflictError(
            "not_trained",
            f"task_id: task {row.id} is no training that succeeded; name one that is, or wait.",
        )
    wanted = DeploymentOptions(row.id, options.dataset, options.model, forced_by)
    return _phase(owner, row, wanted, DEPLOYMENT)


def _phase(
    owner: str, row: TaskRow, options: TrainingOptions | DeploymentOptions, pipeline: str
) -> Submission:
    root = row.root_id or row.id
    return Submission(owner, row.source, options, pipeline, parent_id=row.id, root_id=root)


def _task_of(data_path: str) -> str:
    path = data_path.strip("/")
    task_id = path.removeprefix(_FOLDER)
    if path == task_id or not task_id or "/" in task_id:
        raise InvalidInputError(
            "bad_data_path",
            f"data_path: {data_path} is no dataset of ours; give train_log/ and the id of a "
            "labelling.",
        )
    return task_id


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
