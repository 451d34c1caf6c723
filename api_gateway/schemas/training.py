"""Trainings and deployments as clients ask for them and see them go."""

from typing import Any

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api_gateway.schemas.labeling import TaskId
from api_gateway.schemas.task import FaultView, UserId
from shared.domain.task import TaskState
from shared.training.settings import FitSettings


class TrainingRequest(BaseModel):
    """`data_path`: `train_log/{task_id}`, the dataset of a labelling. `deploy`: let the model go
    live if it is better.
    """

    model_config = ConfigDict(extra="forbid")

    data_path: str = Field(min_length=1, max_length=1000)
    model_train_info: FitSettings = Field(
        default=FitSettings(),
        validation_alias=AliasChoices("model_train_info", "mode_train_info"),
    )
    deploy: bool = False
    user_id: UserId | None = None


class EpochView(BaseModel):
    """One epoch. `losses`: of the training pictures; `metrics`: of those that choose the best."""

    epoch: int
    losses: dict[str, float]
    metrics: dict[str, float]


class TrainingView(BaseModel):
    """How far a training is.

    Attributes:
        current_epoch: the one that runs or ran last, from 1; 0 before the first.
        epochs: at most so many.
        last_epoch: `epoch`, `losses`, `metrics` of the last one that ended, while it trains.
        best_epoch: the best one so far, from 1.
        metrics: of the best epoch so far, on pictures that only chose it.
        evaluation: mAP50-95 of the `new` and the `current` model on held-out `pictures`.
    """

    task_id: str
    state: TaskState
    current_epoch: int
    epochs: int
    last_epoch: EpochView | None
    best_epoch: int | None
    metrics: dict[str, float]
    evaluation: dict[str, Any]
    error: FaultView | None


class DeploymentRequest(BaseModel):
    """`task_id`: of a training; `model_path`: `train_log/{task_id}/model.pt`, if given. `force`: go
    live whatever the figures say, which is recorded.
    """

    model_config = ConfigDict(extra="forbid", protected_namespaces=())

    task_id: TaskId
    model_path: str | None = Field(default=None, min_length=1, max_length=1000)
    force: bool = False
    user_id: UserId | None = None


class Deployment(BaseModel):
    """Where to look for what becomes of it; its output, if it ended while the request waited."""

    deployment_id: str
    status_url: str
    output: dict[str, Any] | None = None
