"""One-step tasks with a video: they wait a little for their end."""

from typing import Any

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from api_gateway.dependencies import WAIT_SECONDS, IdempotencyKey, Stands, Wait, Writer
from api_gateway.gateway import Gateway
from api_gateway.intake import digest, take
from api_gateway.schemas.task import Finished, Submitted
from api_gateway.schemas.video import DownloadRequest, FramesRequest, UploadRequest
from api_gateway.waiting import output_or_later
from shared.domain.task import CopyOptions, FrameOptions
from shared.fetch.client_source import area_key, service_source
from shared.tasks.submit import Submission

router = APIRouter(prefix="/video", tags=["video"])

_LATER: dict[int | str, dict[str, Any]] = {
    202: {"model": Submitted, "description": "It takes longer; look at status_url"}
}


@router.post("/download", responses=_LATER)
async def download_video(
    body: DownloadRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Finished | Submitted:  # fmt: skip
    """Bring a video into one's own area."""
    owner = caller.owner(body.user_id)
    options = CopyOptions(area_key(owner, body.download_path))
    task_id = await _submit(gateway, owner, "download", body.file_path, options, idempotency_key)
    return await output_or_later(gateway, owner, task_id, wait, response)


@router.post("/upload", responses=_LATER)
async def copy_video(
    body: UploadRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Finished | Submitted:  # fmt: skip
    """Copy a file to a place in one's own area."""
    owner = caller.owner(body.user_id)
    options = CopyOptions(area_key(owner, body.upload_path))
    task_id = await _submit(gateway, owner, "copy", body.file_path, options, idempotency_key)
    return await output_or_later(gateway, owner, task_id, wait, response)


@router.post("/extract-frames", responses=_LATER)
async def extract_frames(
    body: FramesRequest, caller: Writer, gateway: Stands, response: Response,
    wait: Wait = WAIT_SECONDS, idempotency_key: IdempotencyKey = None,
) -> Finished | Submitted:  # fmt: skip
    """Take frames out of a video; they are the task's results."""
    owner, options = caller.owner(body.user_id), FrameOptions(body.num_frames)
    task_id = await _submit(gateway, owner, "frames", body.file_path, options, idempotency_key)
    return await output_or_later(gateway, owner, task_id, wait, response)


async def _submit(
    gateway: Gateway, owner: str, pipeline: str, file_path: str,
    options: CopyOptions | FrameOptions, idempotency_key: str | None,
) -> str:  # fmt: skip
    source = await run_in_threadpool(
        service_source, file_path, owner, gateway.settings, gateway.storage
    )
    submission = Submission(
        owner=owner, source=source, options=options, pipeline=pipeline,
        idempotency_key=idempotency_key, request_digest=digest(pipeline, file_path, options),
    )  # fmt: skip
    return await run_in_threadpool(take, gateway, submission)
