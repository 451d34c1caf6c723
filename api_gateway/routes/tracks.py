"""Who was where, from when to when."""

from typing import Annotated

from fastapi import APIRouter, Query

from api_gateway.dependencies import ReadingOwner, Stands
from api_gateway.schemas.track import TrackPage, TrackView
from shared.tasks.cancel import no_such_task

router = APIRouter(tags=["results"])

_LARGEST_ID = 2**31 - 1


@router.get("/tasks/{task_id}/tracks")
def list_tracks(
    task_id: str,
    owner: ReadingOwner,
    gateway: Stands,
    class_name: Annotated[list[str], Query(max_length=100)] = [],  # noqa: B006  (FastAPI copies it)
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    after: Annotated[int, Query(ge=0, le=_LARGEST_ID, description="`next` of a page")] = 0,
) -> TrackPage:
    """The tracks of a task, summed up; none before its track step is done."""
    with gateway.database.read() as unit:
        if unit.tasks.owned(owner, task_id) is None:
            raise no_such_task(task_id)
        found = unit.tracks.page(task_id, limit=limit + 1, after=after, classes=class_name)
    shown = [TrackView.model_validate(track) for track in found[:limit]]
    return TrackPage(tracks=shown, next=shown[-1].track_id if len(found) > limit else None)
