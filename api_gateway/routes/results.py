"""The files of a task."""

from typing import Any

from fastapi import APIRouter, Request, Response

from api_gateway.artefact_response import ArtefactResponse
from api_gateway.dependencies import ReadingOwner, Stands
from api_gateway.schemas.task import Results
from api_gateway.stored_answer import stored_answer
from api_gateway.views import artefact_view
from shared.errors import NotFoundError
from shared.tasks.cancel import no_such_task

router = APIRouter(tags=["results"])

_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {}}, "description": "The file"},
    206: {"content": {"application/octet-stream": {}}, "description": "A range of the file"},
}


@router.get("/tasks/{task_id}/results")
def list_results(task_id: str, owner: ReadingOwner, gateway: Stands) -> Results:
    """What there is so far."""
    with gateway.database.read() as unit:
        if unit.tasks.owned(owner, task_id) is None:
            raise no_such_task(task_id)
        rows = unit.artefacts.of(task_id)
    return Results(artefacts=[artefact_view(row) for row in rows])


@router.get(
    "/tasks/{task_id}/results/{name:path}", response_class=ArtefactResponse, responses=_FILE
)
def download_result(
    task_id: str, name: str, owner: ReadingOwner, gateway: Stands, request: Request
) -> Response:
    """One file, or with `Range` a part of it."""
    with gateway.database.read() as unit:
        task = unit.tasks.owned(owner, task_id)
        row = unit.artefacts.named(task_id, name) if task is not None else None
    if task is None:
        raise no_such_task(task_id)
    answer = stored_answer(gateway.storage, row, request.headers) if row is not None else None
    if answer is None:
        raise NotFoundError(
            "no_such_artefact", f"The task has no file {name}; /tasks/{task_id}/results lists them."
        )
    return answer
