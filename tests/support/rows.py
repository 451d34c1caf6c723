"""Rows with every field that a test does not care about filled in."""

from datetime import UTC, datetime
from typing import Any

from shared.db.database import Database
from shared.db.tables import StepRow, TaskRow
from shared.domain.step import StepState
from shared.domain.task import TaskState
from shared.domain.track import TrackSummary
from shared.events.envelope import new_id

NOW = datetime(2026, 1, 2, 3, 4, 5, 678901, UTC)


def task_row(**fields: Any) -> TaskRow:
    """A queued task of ada's."""
    defaults: dict[str, Any] = {
        "id": new_id(), "owner": "ada", "pipeline": "video", "source": "a.mp4", "options": {},
        "state": TaskState.QUEUED, "request_digest": "0" * 64, "correlation_id": "c",
        "created_at": NOW,
    }  # fmt: skip
    return TaskRow(**(defaults | fields))


def step_row(task_id: str, **fields: Any) -> StepRow:
    """The first step of a task, ready."""
    defaults: dict[str, Any] = {
        "name": "download", "position": 0, "queue": "video", "state": StepState.READY,
        "rung_at": NOW,
    }  # fmt: skip
    return StepRow(**({"task_id": task_id} | defaults | fields))


def track_summary(track_id: int, **fields: Any) -> TrackSummary:
    """A person who walked to the right."""
    defaults: dict[str, Any] = {
        "class_id": 0, "class_name": "person", "first_frame": 3, "last_frame": 7,
        "first_seconds": 0.3, "last_seconds": 0.7, "observations": 5, "mean_confidence": 0.7512,
        "max_confidence": 0.9, "path_pixels": 12.5, "first_box": (1.0, 2.25, 30.0, 40.5),
        "last_box": (13.5, 2.25, 42.5, 40.5),
    }  # fmt: skip
    return TrackSummary(track_id, **(defaults | fields))


def stored_task(database: Database, **fields: Any) -> str:
    """Write a task; its id."""
    row = task_row(**fields)
    with database.begin() as unit:
        unit.tasks.add(row)
    return row.id
