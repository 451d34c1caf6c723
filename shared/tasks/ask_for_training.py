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
from shared.tasks.phases import live_phases, lock_parent, was_submitted
from shared.tasks.submit import Submission
from shared.tasks.training import TRAINING

DEPLOYMENT = "deployment"
"""The pipeline."""
_FOLDER = "train_log/"


@dataclass(frozen=True, slots=True)
class WantedTraining:
    """What somebody asks for.

    Attributes:
        model: `name@version`, see `TrainingOptions`.
        settings: of the fit, checked before.
        deploy: whether the model goes live if it is better.
    """

    model: str
    settings: Mapping[str, Any]
    deploy: bool


@dataclass(frozen=True, slots=True)
class WantedDeployment:
    """What somebody asks for.

    Attributes:
        training: the task that trained the model.
        model_path: `train_log/{training}/model.pt`, or None for the same.
        forced_by: who wants it live whatever the figures say.
    """

    training: str
    model_path: str | None = None
    forced_by: str | None = None


def model_of_data(unit: Unit, owner: str, data_path: str) -> str:
    """`name@version` with which the video of a dataset was analysed.

    Args:
        data_path: `train_log/{task_id}`.

    Raises:
        InvalidInputError: `bad_data_path`.
        NotFoundError: `no_such_data`.
        ConflictError: `not_prepared`.
    """
    _, options = _prepared(unit.tasks.owned(owner, _task_of(data_path)), data_path)
    return options.analysis.model


def training_of(
    unit: Unit, owner: str, data_path: str, wanted: WantedTraining,
    idempotency_key: str | None = None,
) -> Submission:  # fmt: skip
    """A training on the dataset of a labelling, to be submitted in the same transaction.

    Args:
        data_path: `train_log/{task_id}`.

    Raises:
        InvalidInputError: `bad_data_path`.
        NotFoundError: `no_such_data`.
        ConflictError: `not_prepared`, `training_exists`.
    """
    row, _ = _prepared(lock_parent(unit, owner, _task_of(data_path)), data_path)
    if not was_submitted(unit, owner, idempotency_key):
        _refuse_same_training(unit, row, wanted)
    options = TrainingOptions(row.id, wanted.model, dict(wanted.settings), wanted.deploy)
    return _phase(owner, row, options, TRAINING, idempotency_key)


def deployment_of(
    unit: Unit, owner: str, wanted: WantedDeployment, idempotency_key: str | None = None
) -> Submission:
    """The deployment of what a task trained, to be submitted in the same transaction.

    Raises:
        NotFoundError: `no_such_task`.
        InvalidInputError: `bad_model_path`.
        ConflictError: `not_trained`, `deployment_exists`.
    """
    row = lock_parent(unit, owner, wanted.training)
    if row is None:
        raise no_such_task(wanted.training)
    _check_model_path(wanted.model_path, row.id)
    options = domain_task(row).options
    if not isinstance(options, TrainingOptions) or row.state != TaskState.SUCCEEDED:
        raise ConflictError(
            "not_trained",
            f"task_id: task {row.id} is no training that succeeded; name one that is, or wait.",
        )
    if not was_submitted(unit, owner, idempotency_key):
        _refuse_second_deployment(unit, row)
    asked = DeploymentOptions(row.id, options.dataset, options.model, wanted.forced_by)
    return _phase(owner, row, asked, DEPLOYMENT, idempotency_key)


def _prepared(row: TaskRow | None, data_path: str) -> tuple[TaskRow, LabelingOptions]:
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
    return row, options


def _refuse_same_training(unit: Unit, row: TaskRow, wanted: WantedTraining) -> None:
    """Other settings are worth a training of their own; the same ones cost hours for nothing."""
    for phase in live_phases(unit, row, TRAINING):
        if phase.options.get("settings") == dict(wanted.settings):
            raise ConflictError(
                "training_exists",
                f"data_path: task {phase.id} is training on it with the same settings; wait for "
                "it, or cancel it.",
            )


def _refuse_second_deployment(unit: Unit, row: TaskRow) -> None:
    for phase in live_phases(unit, row, DEPLOYMENT):
        raise ConflictError(
            "deployment_exists",
            f"task_id: task {phase.id} is deploying what task {row.id} trained; wait for it, or "
            "cancel it.",
        )


def _check_model_path(model_path: str | None, task_id: str) -> None:
    expected = f"{_FOLDER}{task_id}/model.pt"
    if model_path is not None and model_path != expected:
        raise InvalidInputError(
            "bad_model_path",
            f"model_path: {model_path} is not what task {task_id} trained; give {expected}, or "
            "leave it out.",
        )


def _phase(
    owner: str, row: TaskRow, options: TrainingOptions | DeploymentOptions, pipeline: str,
    idempotency_key: str | None,
) -> Submission:  # fmt: skip
    root = row.root_id or row.id
    return Submission(
        owner, row.source, options, pipeline, idempotency_key, parent_id=row.id, root_id=root
    )


def _task_of(data_path: str) -> str:
    path = data_path.removesuffix("/")
    task_id = path.removeprefix(_FOLDER)
    if path == task_id or not task_id or "/" in task_id:
        raise InvalidInputError(
            "bad_data_path",
            f"data_path: {data_path} is no dataset of ours; give train_log/ and the id of a "
            "labelling.",
        )
    return task_id
