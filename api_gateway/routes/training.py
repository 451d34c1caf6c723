"""Train models, see how far they are, and let them go live."""

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import (
    WAIT_SECONDS,
    Caller,
    IdempotencyKey,
    ReadingOwner,
    Stands,
    Wait,
    Writer,
)
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, take_phase
from api_gateway.schemas.task import FaultView, Finished, Submitted
from api_gateway.schemas.training import (
    Deployment,
    DeploymentRequest,
    EpochView,
    TrainingRequest,
    TrainingView,
)
from api_gateway.views import submitted
from api_gateway.waiting import output_if_wanted
from shared.domain.task import TaskState
from shared.tasks.ask_for_training import (
    WantedDeployment,
    WantedTraining,
    deployment_of,
    model_of_data,
    training_of,
)
from shared.tasks.status import fault_of
from shared.tasks.training import training_status
from shared.training.settings import parse_fit_settings

router = APIRouter(tags=["training"])


@router.post("/training", status_code=202, responses={200: {"model": Finished}})
async def train(
    body: TrainingRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Submitted | Finished:  # fmt: skip
    """Train a model on the dataset of a labelling; answered with its output, if it ends in time."""
    owner = caller.owner(body.user_id)
    task_id = await run_in_threadpool(_train, body, owner, gateway, idempotency_key)
    output = await output_if_wanted(gateway, owner, task_id, wait, response)
    return submitted(task_id) if output is None else Finished(task_id=task_id, output=output)


def _train(body: TrainingRequest, owner: str, gateway: Gateway, idempotency_key: str | None) -> str:
    settings = body.model_train_info.model_dump(exclude_unset=True)
    with gateway.database.read() as unit:
        analysed = model_of_data(unit, owner, body.data_path)
    # Asked of the storage, for which no transaction should wait.
    serving = gateway.models.serving(analysed).manifest.label
    wanted = WantedTraining(serving, settings, body.deploy)
    asked = digest("training", body.data_path, settings, body.deploy)
    return take_phase(
        gateway,
        lambda unit: training_of(unit, owner, body.data_path, wanted, idempotency_key),
        asked,
    )


@router.get("/training/{task_id}")
def status(task_id: str, owner: ReadingOwner, gateway: Stands) -> TrainingView:
    """How far a training is, by its own id or that of the task with which its loop began."""
    with gateway.database.read() as unit:
        found = training_status(unit, owner, task_id)
        row, error = found.task, fault_of(found.task)
    report = gateway.progress.read(row.id)
    running = report is not None and report.step == "fit" and not found.fit
    epochs = parse_fit_settings(row.options.get("settings", {})).epochs
    done = report.done if report is not None and running else 0.0
    current = found.fit["epochs"] if found.fit else min(int(done) + bool(done), epochs)
    reached = report.found if report is not None and running else {}
    return TrainingView(
        task_id=row.id,
        state=TaskState(row.state),
        current_epoch=current,
        epochs=epochs,
        last_epoch=EpochView.model_validate(reached) if reached else None,
        best_epoch=(found.fit or reached).get("best_epoch"),
        metrics=found.fit.get("metrics") or reached.get("best_metrics", {}),
        evaluation=dict(found.evaluate),
        error=FaultView.model_validate(error) if error else None,
    )


@router.post("/deployments", status_code=202, responses={200: {"model": Deployment}})
async def deploy(
    body: DeploymentRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Deployment:  # fmt: skip
    """Convert a trained model, and let it go live if it is better than the one that serves;
    answered with its output, if it ends in time.
    """
    task_id = await run_in_threadpool(_deploy, body, caller, gateway, idempotency_key)
    owner = caller.owner(body.user_id)
    output = await output_if_wanted(gateway, owner, task_id, wait, response)
    return Deployment(deployment_id=task_id, status_url=f"/status/{task_id}", output=output)


def _deploy(
    body: DeploymentRequest, caller: Caller, gateway: Gateway, idempotency_key: str | None
) -> str:
    owner = caller.owner(body.user_id)
    forced_by = caller.principal if body.force else None
    wanted = WantedDeployment(body.task_id, body.model_path, forced_by)
    asked = digest("deployments", body.task_id, body.model_path, body.force)
    return take_phase(
        gateway, lambda unit: deployment_of(unit, owner, wanted, idempotency_key), asked
    )
