"""The models, and one of them at work."""

from dataclasses import asdict

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import IdempotencyKey, Reader, Stands, Wait, Writer
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, pinned, take
from api_gateway.schemas.task import Results, Submitted
from api_gateway.schemas.video import InferenceRequest, Models, ModelView
from api_gateway.views import artefact_view, submitted
from api_gateway.waiting import finished
from shared.domain.model import ModelManifest
from shared.domain.task import AnalysisOptions
from shared.errors import InvalidInputError, NotFoundError
from shared.fetch.client_source import area_key, service_source
from shared.tasks.submit import Submission

router = APIRouter(prefix="/models", tags=["models"])


@router.get("")
def list_models(_: Reader, gateway: Stands) -> Models:
    """Every model that a task may name."""
    return Models(models=[_view(model.manifest) for model in gateway.models.list()])


@router.post("/{model}/inference", responses={202: {"model": Submitted}})
async def run_model(
    model: str, body: InferenceRequest, caller: Writer, gateway: Stands, response: Response,
    *, wait: Wait = 20.0, idempotency_key: IdempotencyKey = None,
) -> Results | Submitted:  # fmt: skip
    """Analyse a video of one's own area with this model (`name` or `name@version`)."""
    owner = caller.owner(body.user_id)
    options = AnalysisOptions(
        model=model, confidence=body.confidence, iou=body.iou,
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
        request_digest=digest("inference", body.data_path, options),
    )
    task_id = await run_in_threadpool(take, gateway, submission)
    if await finished(gateway, owner, task_id, wait) is None:
        response.status_code = 202
        return submitted(task_id)
    return await run_in_threadpool(_results, gateway, task_id)


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


def _view(manifest: ModelManifest) -> ModelView:
    return ModelView(
        name=manifest.name,
        version=manifest.version,
        task=manifest.task,
        classes=list(manifest.classes),
        input=asdict(manifest.input),
        thresholds=asdict(manifest.thresholds),
        metrics=manifest.metrics,
        licence=manifest.licence,
    )
