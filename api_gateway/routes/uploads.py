"""Submit a task together with its video."""

import shutil
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
from shared.events.envelope import new_id
from shared.storage.files import publishing
from shared.tasks.submit import Submission

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
    try:
        taken = await _receive(request, caller, gateway, task_id, idempotency_key)
    except BaseException:
        _discard(gateway, task_id)
        raise
    if taken != task_id:  # this Idempotency-Key's task has its video already
        _discard(gateway, task_id)
    return submitted(taken)


async def _receive(
    request: Request, caller: Caller, gateway: Gateway, task_id: str, idempotency_key: str | None
) -> str:
    target = gateway.paths.source(task_id)
    # In a thread: what is published is first forced to the disk.
    async with contextmanager_in_threadpool(publishing(target)) as partial:
        with partial.open("wb") as file:
            form = UploadForm(request, file, gateway.settings.max_video_bytes)
            await form.receive()
    owner, options = caller.owner(form.user_id), _options(form.options).analysis()
    submission = Submission(
        owner=owner,
        source=f"upload:{form.file.name}",
        options=await run_in_threadpool(pinned, gateway, options),
        task_id=task_id,
        idempotency_key=idempotency_key,
        request_digest=digest("upload", form.file.sha256, options),
    )
    return await run_in_threadpool(take, gateway, submission)


def _options(text: bytes) -> Options:
    try:
        return Options.model_validate_json(text)
    except ValidationError as error:
        faults = [{**fault, "loc": ("body", "options", *fault["loc"])} for fault in error.errors()]
        raise RequestValidationError(faults) from error


def _discard(gateway: Gateway, task_id: str) -> None:
    folder = gateway.paths.videos(task_id)
    if folder.exists():
        shutil.rmtree(folder)
