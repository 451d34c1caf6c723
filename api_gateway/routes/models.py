"""The models, and one of them at work."""

from dataclasses import asdict, replace

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import WAIT_SECONDS, IdempotencyKey, Reader, Stands, Wait, Writer
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, pinned, take
from api_gateway.schemas.task import Results, Submitted
from api_gateway.schemas.video import InferenceRequest, Models, ModelView
from api_gateway.views import artefact_view, submitted
from api_gateway.waiting import finished
from shared.domain.model import VersionState
from shared.domain.task import AnalysisOptions
from shared.errors import InvalidInputError, NotFoundError
from shared.fetch.client_source import area_key, service_source
from shared.inference.models import Model, states_of
from shared.tasks.submit import Submission

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
def list_models(_: Reader, gateway: Stands) -> Models:
    """Every model that a task may name, and those that made room for newer versions."""
    found = gateway.models.list()
    return Models(models=[_view(*pair) for pair in zip(found, states_of(found), strict=True)])


@router.post("/{model}/inference", responses={202: {"model": Submitted}})
async def run_model(
    model: str, body: InferenceRequest, caller: Writer, gateway: Stands, response: Response,
    *, wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Results | Submitted:  # fmt: skip
    """Analyse a video of one's own area with this model: `name`, `name@version`, or the id of the
    task that trained it.
    """
    owner = caller.owner(body.user_id)
    named = await run_in_threadpool(_named, gateway, owner, model)
    options = AnalysisOptions(
        model=named, confidence=body.confidence, iou=body.iou,
        frame_skip=body.frame_skip, max_frames=body.max_frames,
    )  # fmt: skip
    area_key(owner, body.data_path)  # a key only: no URL, no absolute path
    known = await run_in_threadpool(_pinned, gateway, options)
    submission = Submission(
        owner=owner,
        source=await run_in_threadpool(
            service_source, body.data_path, owner, gateway.settings, gateway.storage
        ),
        options=known,
        idempotency_key=idempotency_key,
        request_digest=digest("inference", body.data_path, replace(options, model=model)),
    )
    task_id = await run_in_threadpool(take, gateway, submission)
    if await finished(gateway, owner, task_id, wait) is None:
        response.status_code = 202
        return submitted(task_id)
    return await run_in_threadpool(_results, gateway, task_id)


def _named(gateway: Gateway, owner: str, model: str) -> str:
    """`name@version` of what a task trained, where that is what the path names."""
    with gateway.database.read() as unit:
        if unit.tasks.owned(owner, model) is None:
            return model
    own = (each.manifest for each in gateway.models.list())
    versions = [each for each in own if each.metrics.get("trained_by") == model]
    if not versions:
        raise NotFoundError(
            "no_such_model",
            f"model: no model of task {model} went live; deploy it by POST /deployments, or name "
            "another.",
        )
    return max(versions, key=lambda manifest: int(manifest.version)).label


def _pinned(gateway: Gateway, options: AnalysisOptions) -> AnalysisOptions:
    try:
        return pinned(gateway, options)
    except InvalidInputError as error:
        if error.code == "unknown_model":  # here it is part of the path
            raise NotFoundError("no_such_model", error.message) from error
        raise


def _results(gateway: Gateway, task_id: str) -> Results:
    with gateway.database.read() as unit:
        return Results(artefacts=[artefact_view(row) for row in unit.artefacts.of(task_id)])


def _view(model: Model, state: VersionState) -> ModelView:
    manifest = model.manifest
    return ModelView(
        name=manifest.name,
        version=manifest.version,
        state=state,
        task=manifest.task,
        classes=list(manifest.classes),
        input=asdict(manifest.input),
        thresholds=asdict(manifest.thresholds),
        metrics=manifest.metrics,
        licence=manifest.licence,
    )
