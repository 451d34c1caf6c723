"""Submit a task together with its video."""

import logging
from typing import Any

from fastapi import APIRouter, Request
from fastapi.concurrency import contextmanager_in_threadpool
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import Caller, IdempotencyKey, Stands, Writer
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, pinned, take
from api_gateway.schemas.options import Options
from api_gateway.schemas.task import Submitted
from api_gateway.upload_form import UploadForm
from api_gateway.views import submitted
from shared.errors import TrackloopError
from shared.events.envelope import new_id
from shared.storage.files import Artefact
from shared.storage.uploads import discard_upload, receiving
from shared.tasks.submit import Submission

log = logging.getLogger(__name__)
router = APIRouter(tags=["tasks"])

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "string", "format": "binary"},
                        "options": {"type": "string", "description": "JSON, as in POST /tasks"},
                        "user_id": {"type": "string"},
                    },
                }
            }
        },
    }
}


@router.post("/tasks/upload", status_code=202, openapi_extra=_FORM)
async def submit_upload(
    request: Request, caller: Writer, gateway: Stands, idempotency_key: IdempotencyKey = None
) -> Submitted:
    """Analyse a video that comes with the request."""
    task_id = new_id()
    # In a thread: what is published is first forced to the disk.
    place = receiving(gateway.storage, gateway.settings, task_id)
    async with contextmanager_in_threadpool(place) as partial:
        with partial.open("wb") as file:
            form = UploadForm(request, file, gateway.settings.max_video_bytes)
            await form.receive()
    return submitted(
        await run_in_threadpool(_submit, gateway, caller, task_id, form, idempotency_key)
    )


def _submit(
    gateway: Gateway, caller: Caller, task_id: str, form: UploadForm, idempotency_key: str | None
) -> str:
    """Write the task; its id, which is another where this Idempotency-Key has its video already."""
    try:
        taken = _take(gateway, caller, task_id, form, idempotency_key)
    except BaseException:
        _discard(gateway, task_id)
        raise
    if taken != task_id:
        _discard(gateway, task_id)
    return taken


def _take(
    gateway: Gateway, caller: Caller, task_id: str, form: UploadForm, idempotency_key: str | None
) -> str:
    owner, options = caller.owner(form.user_id), _options(form.options).analysis()
    submission = Submission(
        owner=owner,
        source=f"upload:{form.file.name}",
        options=pinned(gateway, options),
        task_id=task_id,
        idempotency_key=idempotency_key,
        request_digest=digest("upload", form.file.sha256, options),
    )
    return take(gateway, submission, Artefact("source", form.file.sha256, form.file.size))


def _options(text: bytes) -> Options:
    try:
        return Options.model_validate_json(text)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", "options", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


def _discard(gateway: Gateway, task_id: str) -> None:
    try:
        discard_upload(gateway.storage, task_id)
    except TrackloopError as error:
        log.warning("%s: the upload stays for a day: %s", task_id, error)
