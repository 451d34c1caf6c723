"""Train models, see how far they are, and let them go live."""

from dataclasses import replace

from fastapi import APIRouter

from api_gateway.dependencies import IdempotencyKey, ReadingOwner, Stands, Writer
from api_gateway.intake import digest, serving, take
from api_gateway.schemas.task import FaultView, Submitted
from api_gateway.schemas.training import (
    Deployment,
    DeploymentRequest,
    TrainingRequest,
    TrainingView,
)
from api_gateway.views import submitted
from shared.domain.task import TaskState
from shared.tasks.ask_for_training import deployment_of, training_of, training_status
from shared.tasks.status import fault_of
from shared.training.settings import parse_fit_settings

router = APIRouter(tags=["training"])


@router.post("/training", status_code=202)
def train(
    body: TrainingRequest, caller: Writer, gateway: Stands, idempotency_key: IdempotencyKey = None
) -> Submitted:
    """Train a model on the dataset of a labelling."""
    owner = caller.owner(body.user_id)
    settings = body.model_train_info.model_dump(exclude_unset=True)
    with gateway.database.read() as unit:
        submission = training_of(unit, owner, body.data_path, settings, deploy=body.deploy)
    asked = digest("training", body.data_path, settings, body.deploy)
    against = serving(gateway, submission)
    keyed = replace(against, idempotency_key=idempotency_key, request_digest=asked)
    return submitted(take(gateway, keyed))


@router.get("/training/{task_id}")
def status(task_id: str, owner: ReadingOwner, gateway: Stands) -> TrainingView:
    """How far a training is, by its own id or that of the task with which its loop began."""
    with gateway.database.read() as unit:
        found = training_status(unit, owner, task_id)
        row, error = found.task, fault_of(found.task)
    report = gateway.progress.read(row.id)
    running = report is not None and report.step == "fit" and not found.fit
    epochs = parse_fit_settings(row.options["settings"]).epochs
    done = report.done if report is not None and running else 0.0
    current = found.fit["epochs"] if found.fit else min(int(done) + bool(done), epochs)
    return TrainingView(
        task_id=row.id,
        state=TaskState(row.state),
        current_epoch=current,
        epochs=epochs,
        metrics=found.fit.get("metrics", {}),
        evaluation=dict(found.evaluate),
        error=FaultView.model_validate(error) if error else None,
    )


@router.post("/deployments", status_code=202)
def deploy(
    body: DeploymentRequest, caller: Writer, gateway: Stands,
    idempotency_key: IdempotencyKey = None,
) -> Deployment:  # fmt: skip
    """Convert a trained model, and let it go live if it is better than the one that serves."""
    owner = caller.owner(body.user_id)
    forced_by = caller.principal if body.force else None
    with gateway.database.read() as unit:
        submission = deployment_of(unit, owner, body.task_id, body.model_path, forced_by=forced_by)
    asked = digest("deployments", body.task_id, body.model_path, body.force)
    keyed = replace(submission, idempotency_key=idempotency_key, request_digest=asked)
    task_id = take(gateway, keyed)
    return Deployment(deployment_id=task_id, status_url=f"/status/{task_id}")
