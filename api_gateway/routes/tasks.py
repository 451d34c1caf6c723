"""Submit tasks, look at them, end them."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api_gateway.dependencies import (
    IdempotencyKey,
    ReadingOwner,
    Stands,
    Writer,
    WritingOwner,
)
from api_gateway.intake import digest, pinned, take
from api_gateway.schemas.task import Submitted, TaskPage, TaskRequest, TaskView, Timeline
from api_gateway.views import submitted, summary, task_view
from shared.domain.task import TaskState
from shared.fetch.client_source import service_source
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import erase_task
from shared.tasks.submit import Submission
from shared.tasks.timeline import task_timeline

router = APIRouter(tags=["tasks"])


@router.post("/tasks", status_code=202)
def submit(
    body: TaskRequest, caller: Writer, gateway: Stands, idempotency_key: IdempotencyKey = None
) -> Submitted:
    """Analyse a video."""
    owner, options = caller.owner(body.user_id), body.options.analysis()
    submission = Submission(
        owner=owner,
        source=service_source(body.file_path, owner, gateway.settings, gateway.storage),
        options=pinned(gateway, options),
        idempotency_key=idempotency_key,
        request_digest=digest("tasks", body.file_path, options),
    )
    return submitted(take(gateway, submission))


@router.get("/tasks")
def list_tasks(
    owner: ReadingOwner,
    gateway: Stands,
    state: Annotated[list[TaskState], Query(max_length=10)] = [],  # noqa: B006  (FastAPI copies it)
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    before: Annotated[
        str | None, Query(pattern=r"^[0-9a-f-]{1,36}$", description="`next` of a page")
    ] = None,
) -> TaskPage:
    """One's tasks, newest first."""
    with gateway.database.read() as unit:
        rows = unit.tasks.page(owner, limit=limit + 1, states=state, before=before)
    more = len(rows) > limit
    shown = rows[:limit]
    return TaskPage(tasks=[summary(row) for row in shown], next=shown[-1].id if more else None)


@router.get("/status/{task_id}")
@router.get("/tasks/{task_id}")
def status(task_id: str, owner: ReadingOwner, gateway: Stands) -> TaskView:
    """Where a task stands."""
    return task_view(gateway, owner, task_id)


@router.post("/tasks/{task_id}/cancel")
def cancel(task_id: str, owner: WritingOwner, gateway: Stands) -> TaskView:
    """End a task; what runs for it stops within two seconds."""
    with gateway.database.begin() as unit:
        cancel_task(unit, owner, task_id)
    return task_view(gateway, owner, task_id)


@router.delete("/tasks/{task_id}", status_code=204, response_class=Response)
def erase(task_id: str, owner: WritingOwner, gateway: Stands) -> None:
    """Cancel a task if it lives, and erase every artefact of it."""
    with gateway.database.begin() as unit:
        erase_task(unit, owner, task_id)


@router.get("/tasks/{task_id}/timeline")
def timeline(task_id: str, owner: ReadingOwner, gateway: Stands) -> Timeline:
    """What happened to a task, in order."""
    with gateway.database.read() as unit:
        moments = task_timeline(unit, owner, task_id)
    return Timeline.model_validate({"entries": moments})
