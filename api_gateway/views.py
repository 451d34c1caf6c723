"""Tasks as clients see them: the database's truth with what the progress port knows."""

import mimetypes
from typing import Any
from urllib.parse import quote

from api_gateway.gateway import Gateway
from api_gateway.schemas.task import ArtefactView, ProgressView, Submitted, TaskSummary, TaskView
from shared.db.tables import ArtefactRow, TaskRow
from shared.domain.task import LIVE_TASKS, TaskState
from shared.progress.port import ProgressReport
from shared.tasks.status import TaskStatus, fault_of, task_status


def task_view(gateway: Gateway, owner: str, task_id: str) -> TaskView:
    """The task now.

    Raises:
        NotFoundError: `no_such_task`.
    """
    report = gateway.progress.read(task_id)
    with gateway.database.read() as unit:
        status = task_status(unit, owner, task_id, _doing(report))
    view = TaskView.model_validate(status)
    if report is not None and status.state in LIVE_TASKS:
        view.progress = ProgressView.model_validate(report)
    return view


def ended(status: TaskStatus | TaskView) -> bool:
    """Whether nothing will change any more."""
    return status.state not in LIVE_TASKS


def summary(row: TaskRow) -> TaskSummary:
    """A row of a list."""
    return TaskSummary.model_validate(
        {
            "task_id": row.id,
            "pipeline": row.pipeline,
            "source": row.source,
            "state": TaskState(row.state),
            "created_at": row.created_at,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
            "error": fault_of(row),
        }
    )


def artefact_view(row: ArtefactRow) -> ArtefactView:
    """A file and where to get it."""
    return ArtefactView(
        name=row.name,
        step=row.step,
        size=row.size,
        sha256=row.sha256,
        media_type=media_type(row.name),
        url=f"/tasks/{row.task_id}/results/{quote(row.name)}",
    )


def media_type(name: str) -> str:
    """By the suffix; bytes where it says nothing."""
    return _MEDIA_TYPES.get(name.rpartition(".")[2]) or mimetypes.guess_type(name)[0] or _BYTES


def submitted(task_id: str) -> Submitted:
    """The answer to a task that was taken."""
    return Submitted(task_id=task_id, status_url=f"/status/{task_id}")


def output_of(view: TaskView) -> dict[str, Any]:
    """What the last step that found something out says."""
    return next((step.output for step in reversed(view.steps) if step.output), {})


_BYTES = "application/octet-stream"
# Not what the machine's tables say: they differ from one to the next.
_MEDIA_TYPES = {
    "csv": "text/csv",
    "ipynb": "application/x-ipynb+json",
    "jpg": "image/jpeg",
    "json": "application/json",
    "mp4": "video/mp4",
    "parquet": "application/vnd.apache.parquet",
    "txt": "text/plain",
}


def _doing(report: ProgressReport | None) -> dict[str, float]:
    if report is None or report.percent is None:
        return {}
    return {report.step: report.percent / 100}
