"""Two databases to copy between, and what is in them."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import MetaData, select

from shared.db.copy import copy_database
from shared.db.copy_table import Copied
from shared.db.database import Database
from shared.db.tables import ArtefactRow, Base
from shared.domain.step import Doorbell, Ring, StepState
from shared.events.envelope import compose, new_id
from shared.events.task import TaskFailed
from tests.support.rows import NOW, step_row, stored_task, track_summary

Dump = dict[str, list[dict[str, Any]]]


def fill(database: Database, tasks: int = 2, **fields: Any) -> list[str]:
    """Tasks of everything that a database holds; their ids."""
    return [_fill_one(database, **fields) for _ in range(tasks)]


def _fill_one(database: Database, **fields: Any) -> str:
    task_id = stored_task(database, options={"classes": ["cat"], "confidence": 0.1}, **fields)
    data = TaskFailed(user_id="ada", step="b", code="c", message="It broke: ü\N{CAT FACE}.")
    with database.begin() as unit:
        unit.outbox.add_doorbell(Doorbell(task_id, 0, ((Ring("a", 0, "video"),),)))
        unit.outbox.mark_sent([row.id for row in unit.outbox.about(task_id)])
        unit.outbox.add_event(compose(data, room="workers", task_id=task_id, correlation_id="c"))
        unit.steps.add_all([step_row(task_id, name="a", state=StepState.DONE, output={"n": None})])
        unit.steps.add_all([step_row(task_id, name="b"), step_row(task_id, name="b", part=1)])
        unit.tracks.replace(task_id, [track_summary(1), track_summary(2)])
        unit.artefacts.replace(artefact_row(task_id, "results.csv"))
        unit.inbox.record("workers", new_id(), "task.submitted.v1", NOW)
        unit.api_keys.create("ada", ["read"], NOW)
    return task_id


def artefact_row(task_id: str, name: str, **fields: Any) -> ArtefactRow:
    """A file of 5 GB."""
    return ArtefactRow(
        **{
            "task_id": task_id, "step": "write", "name": name, "key": f"results/{name}",
            "sha256": "0" * 64, "size": 5 * 10**9, "fence": 1,
        } | fields
    )  # fmt: skip


def dump(database: Database, metadata: MetaData = Base.metadata) -> Dump:
    """Every row of every table, by primary key."""
    with database.snapshot() as connection:
        return {
            table.name: [
                dict(row)
                for row in connection.execute(
                    select(table).order_by(*table.primary_key.columns)
                ).mappings()
            ]
            for table in metadata.sorted_tables
        }


def without_ids(rows: Dump) -> Dump:
    """Without the numbers that each database counts for itself, in an order that needs none."""
    counted = {table.name for table in Base.metadata.sorted_tables if table.c.keys()[0] == "id"}
    counted &= {"steps", "outbox", "artefacts"}
    return {
        name: sorted(
            ({k: v for k, v in row.items() if name not in counted or k != "id"} for row in some),
            key=repr,
        )
        for name, some in rows.items()
    }


def about(task_id: str, rows: Dump) -> Dump:
    """What belongs to one task."""
    return {
        name: [row for row in some if task_id in (row.get("task_id"), row.get("id"))]
        for name, some in rows.items()
    }


def counts(copied: Sequence[Copied]) -> dict[str, tuple[int, int, int, int]]:
    """Read, written, updated, skipped of every table that had rows."""
    return {c.table: (c.read, c.written, c.updated, c.skipped) for c in copied if c.read}


def copied(source: Database, target: Database, **options: Any) -> dict[str, tuple[int, ...]]:
    """Copy; what is counted."""
    return dict(counts(copy_database(source, target, **options)))
