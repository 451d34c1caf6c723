"""The summaries of tracks."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from shared.db.bulk import insert_rows
from shared.db.tables import TrackRow
from shared.domain.track import TrackSummary

_TABLE = cast(Table, TrackRow.__table__)


class Tracks:
    """All that is known of a task's tracks is written at once, and erased with the task."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def replace(self, task_id: str, tracks: Iterable[TrackSummary]) -> None:
        """These are the tracks of the task, and no others."""
        self._session.flush()  # the task may be of this very unit
        self._session.execute(delete(TrackRow).where(TrackRow.task_id == task_id))
        insert_rows(
            self._session.connection(), _TABLE, (_values(task_id, track) for track in tracks)
        )

    def page(
        self, task_id: str, *, limit: int, after: int = 0, classes: Sequence[str] = ()
    ) -> Sequence[TrackSummary]:
        """The task's tracks by track_id, those after this one; of these classes or of any."""
        query = select(TrackRow).where(TrackRow.task_id == task_id, TrackRow.track_id > after)
        if classes:
            query = query.where(TrackRow.class_name.in_([_storable(name) for name in classes]))
        rows = self._session.scalars(query.order_by(TrackRow.track_id).limit(limit))
        return [_summary(row) for row in rows]


def _values(task_id: str, track: TrackSummary) -> Sequence[Any]:
    """In the order of the table's columns."""
    return (
        task_id, track.track_id, track.class_id, _storable(track.class_name),
        track.first_frame, track.last_frame, track.first_seconds, track.last_seconds,
        track.observations, track.mean_confidence, track.max_confidence, track.path_pixels,
        *track.first_box, *track.last_box,
    )  # fmt: skip


def _summary(row: TrackRow) -> TrackSummary:
    return TrackSummary(
        track_id=row.track_id,
        class_id=row.class_id,
        class_name=row.class_name,
        first_frame=row.first_frame,
        last_frame=row.last_frame,
        first_seconds=row.first_seconds,
        last_seconds=row.last_seconds,
        observations=row.observations,
        mean_confidence=row.mean_confidence,
        max_confidence=row.max_confidence,
        path_pixels=row.path_pixels,
        first_box=(row.first_x1, row.first_y1, row.first_x2, row.first_y2),
        last_box=(row.last_x1, row.last_y1, row.last_x2, row.last_y2),
    )


def _storable(name: str) -> str:
    """A model file names its classes as it likes; PostgreSQL takes no NUL."""
    return name.replace("\0", "\ufffd")
