"""What a kill must not leave behind: anything told or kept twice."""

from collections import Counter

from shared.db.database import Database


def nothing_twice(database_url: str, task_id: str) -> None:
    """Each event of a task was written once, and each artefact is there once."""
    database = Database(database_url)
    with database.read() as unit:
        events = Counter(
            (row.topic, row.body["data"].get("step"))
            for row in unit.outbox.about(task_id)
            if row.kind == "event"
        )
        names = Counter(row.name for row in unit.artefacts.of(task_id))
    database.close()
    assert {*events.values()} == {1}, events
    assert {*names.values()} == {1}
