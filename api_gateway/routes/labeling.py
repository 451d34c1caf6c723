"""Ask people for labels, see how far they are, and say that they are done."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Header, Response
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import (
    WAIT_SECONDS,
    IdempotencyKey,
    ReadingOwner,
    Stands,
    Wait,
    Writer,
    WritingOwner,
)
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, take_phase
from api_gateway.picture_wish import wish_of
from api_gateway.schemas.labeling import LabelingRequest, LabelingView
from api_gateway.schemas.task import FaultView, Finished, Submitted
from api_gateway.views import submitted
from api_gateway.waiting import output_if_wanted
from shared.domain.task import TaskState
from shared.errors import ConflictError
from shared.labeling.adapters import open_labeling
from shared.labeling.labelstudio_webhook import SECRET_HEADER, is_from_labeling
from shared.tasks.ask_for_labels import labels_of
from shared.tasks.cancel import no_such_task
from shared.tasks.labeling import (
    LabelingStatus,
    confirm_labels,
    labeling_status,
    look_soon,
    requested_labels,
)

router = APIRouter(prefix="/labeling", tags=["labeling"])


@router.post("", status_code=202, responses={200: {"model": Finished}})
async def ask(
    body: LabelingRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Submitted | Finished:  # fmt: skip
    """Ask people to label frames of a video, or pictures of a folder of one's own area; answered
    once they are asked.
    """
    owner = caller.owner(body.user_id)
    task_id = await run_in_threadpool(_ask, body, owner, gateway, idempotency_key)
    output = await output_if_wanted(gateway, owner, task_id, wait, response)
    return submitted(task_id) if output is None else Finished(task_id=task_id, output=output)


def _ask(
    body: LabelingRequest, owner: str, gateway: Gateway, idempotency_key: str | None
) -> str:  # fmt: skip
    wish = wish_of(gateway, owner, body)
    asked = digest("labeling", body.model_dump(exclude={"user_id"}))
    return take_phase(gateway, lambda unit: labels_of(unit, owner, wish, idempotency_key), asked)


@router.get("/{task_id}")
def status(task_id: str, owner: ReadingOwner, gateway: Stands) -> LabelingView:
    """How far people are, by the id of the labelling or of the analysis."""
    with gateway.database.read() as unit:
        return _view(labeling_status(unit, owner, task_id))


@router.post("/{task_id}/confirm")
def confirm(task_id: str, owner: WritingOwner, gateway: Stands) -> LabelingView:
    """Say that people are done with the pictures of a tool that cannot tell by itself."""
    with gateway.database.read() as unit:
        known = labeling_status(unit, owner, task_id)
    if known.requested is None or known.state != TaskState.WAITING_FOR_LABELS:
        raise ConflictError(
            "not_waiting",
            f"Task {known.task_id} does not wait for labels: it is {known.state}.",
        )
    open_labeling(gateway.settings).confirm(known.requested.handle)
    with gateway.database.begin() as unit:
        confirm_labels(unit, known.task_id)
    return status(task_id, owner, gateway)


@router.post("/webhooks/{task_id}", status_code=204, response_class=Response)
def hear(
    task_id: str, gateway: Stands,
    secret: Annotated[str, Header(alias=SECRET_HEADER, max_length=200)],
) -> None:  # fmt: skip
    """What the labelling tool calls when somebody labelled something; not for people."""
    token = gateway.settings.labeling_token
    # Read alone: a stranger's call must not wait for the turn to write, nor take it.
    with gateway.database.read() as unit:
        requested = requested_labels(unit, task_id)
    if (
        token is None
        or requested is None
        or not is_from_labeling(token.get_secret_value(), requested.handle, secret)
    ):
        raise no_such_task(task_id)  # whoever guesses learns nothing
    with gateway.database.begin() as unit:
        look_soon(unit, task_id, datetime.now(UTC))


def _view(status: LabelingStatus) -> LabelingView:
    requested = status.requested
    total = requested.pictures if requested else 0
    return LabelingView(
        task_id=status.task_id,
        analysed_task_id=status.analysed_task_id,
        state=status.state,
        project=requested.project if requested else None,
        url=requested.url if requested else None,
        total=total,
        labelled=status.labelled,
        rate=min(status.labelled / total, 1.0) if total else 0.0,
        error=FaultView.model_validate(status.error) if status.error else None,
    )
