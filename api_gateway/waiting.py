"""Submit a task, wait a little, answer with what it gave."""

import asyncio
import time
from typing import Any

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from api_gateway.errors import TaskProblemError
from api_gateway.gateway import Gateway
from api_gateway.schemas.task import Finished, Submitted, TaskView
from api_gateway.views import ended, output_of, submitted, task_view
from shared.domain.task import TaskState

_LOOK_SECONDS = 0.1


async def output_or_later(
    gateway: Gateway, owner: str, task_id: str, seconds: float, response: Response
) -> Finished | Submitted:
    """What a one-step task gave, or with status 202 where to look for it later.

    Raises:
        TaskProblemError: the task's own, where it failed or was cancelled.
    """
    view = await finished(gateway, owner, task_id, seconds)
    if view is None:
        response.status_code = 202
        return submitted(task_id)
    return Finished(task_id=task_id, output=output_of(view))


async def output_if_wanted(
    gateway: Gateway, owner: str, task_id: str, seconds: float, response: Response
) -> dict[str, Any] | None:
    """What a task gave, if it ended in time; else None, with status 202. Without seconds nobody
    waits.

    Raises:
        TaskProblemError: the task's own, where it failed or was cancelled.
    """
    view = await finished(gateway, owner, task_id, seconds) if seconds else None
    response.status_code = 202 if view is None else 200
    return None if view is None else output_of(view)


async def finished(gateway: Gateway, owner: str, task_id: str, seconds: float) -> TaskView | None:
    """The task once it has succeeded; None if that takes longer, as it does once people are asked.

    Raises:
        TaskProblemError: the task's own, where it failed or was cancelled.
    """
    until = time.monotonic() + seconds
    while True:
        view = await run_in_threadpool(task_view, gateway, owner, task_id)
        if ended(view):
            return _succeeded(view)
        left = until - time.monotonic()
        if left <= 0 or view.state is TaskState.WAITING_FOR_LABELS:
            return None
        await asyncio.sleep(min(_LOOK_SECONDS, left))


def _succeeded(view: TaskView) -> TaskView:
    if view.state is TaskState.SUCCEEDED:
        return view
    if view.error is None:
        raise TaskProblemError("cancelled", "The task was cancelled.")
    raise TaskProblemError(view.error.code, view.error.message)
