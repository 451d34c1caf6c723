"""Uploads without a task go, and no others."""

from datetime import UTC, datetime, timedelta

from shared.db.database import Database
from shared.events.envelope import new_id
from shared.tasks.orphans import Uploads, remove_orphans
from tests.support.rows import stored_task


def test_uploads_that_no_task_knows_are_removed(database: Database) -> None:
    ours = [stored_task(database), stored_task(database, owner="bob")]
    orphans = [new_id() for _ in range(3)]
    removed: list[str] = []
    asked: list[datetime] = []

    def old(before: datetime) -> list[str]:
        asked.append(before)
        return [*ours, *orphans]

    assert remove_orphans(database, Uploads(old, removed.append)) == 3
    assert removed == orphans
    (before,) = asked
    assert datetime.now(UTC) - before >= timedelta(days=1)


def test_many_are_asked_for_piece_by_piece(database: Database) -> None:
    task_id = stored_task(database)
    ids = [new_id() for _ in range(700)] + [task_id]
    removed: list[str] = []
    remove_orphans(database, Uploads(lambda _: ids, removed.append))
    assert removed == ids[:-1]
