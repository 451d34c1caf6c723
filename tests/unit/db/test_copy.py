"""One database copied into another, between both kinds and in every direction."""

import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    delete,
    insert,
    select,
)

from shared.db.conflict import OnConflict
from shared.db.database import Database
from shared.db.tables import TaskRow
from shared.domain.task import TaskState
from shared.errors import ConflictError, PermanentError
from tests.support.rows import NOW, step_row, stored_task, track_summary
from tests.support.two_databases import about, artefact_row, copied, dump, fill, without_ids

SKIP, UPDATE = OnConflict.SKIP, OnConflict.UPDATE
KINDS = ("sqlite", "postgres")
MANY = 8_000


@pytest.fixture(params=[KINDS, KINDS[::-1]], ids="-to-".join)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Database, Database]]:
    """Source and target, migrated and empty."""
    with ExitStack() as opened:
        databases = []
        for place, kind in enumerate(request.param):
            makers = request.getfixturevalue("sqlite_files" if kind == "sqlite" else "postgres")
            (folder := tmp_path / str(place)).mkdir()
            url = opened.enter_context(makers.fresh(folder))
            databases.append(opened.enter_context(closing(Database(url))))
        yield databases[0], databases[1]


Pair = tuple[Database, Database]


@pytest.mark.parametrize("pair", [(a, b) for a in KINDS for b in KINDS], indirect=True)
def test_an_empty_target_becomes_the_same(pair: Pair) -> None:
    source, target = pair
    fill(source, 3)
    found = copied(source, target)
    assert found["tasks"] == (3, 3, 0, 0)
    assert found["steps"] == (9, 9, 0, 0)
    assert found["tracks"] == (6, 6, 0, 0)
    assert dump(target) == dump(source)
    with target.read() as unit:
        assert [row.kind for row in unit.outbox.unsent(99)] == ["event"] * 3


def test_the_target_goes_on_counting_where_the_copy_ended(pair: Pair) -> None:
    source, target = pair
    fill(source)
    copied(source, target)
    fill(target)
    assert len(dump(target)["steps"]) == 12
    assert len(dump(target)["outbox"]) == 8


def test_a_dry_run_counts_the_same_and_writes_nothing(pair: Pair) -> None:
    source, target = pair
    fill(source)
    before = dump(target)
    expected = copied(source, target, dry_run=True)
    assert dump(target) == before
    fill(target, 1)
    assert dump(target)["steps"][0]["id"] == 1, "not even a number is used up"
    assert copied(source, target) == expected


def test_numbers_that_both_have_given_away_are_given_anew(pair: Pair) -> None:
    """Rows of two lives collide in steps.id, outbox.id and artefacts.id, and are all kept."""
    source, target = pair
    theirs, ours = fill(source), fill(target)
    before, wanted = dump(target), dump(source)
    for policy in (SKIP, UPDATE):
        found = copied(source, target, on_conflict=policy, dry_run=policy is SKIP)
        assert all(read == written for read, written, _, _ in found.values())
    after = dump(target)
    for task_id in ours:
        assert about(task_id, after) == about(task_id, before)
    for task_id in theirs:
        assert about(task_id, without_ids(after)) == about(task_id, without_ids(wanted))
    order = [row["task_id"] for row in after["outbox"]]
    assert order == [row["task_id"] for row in (*before["outbox"], *wanted["outbox"])]


@pytest.mark.parametrize("policy", [SKIP, UPDATE])
def test_copying_again_changes_nothing(pair: Pair, policy: OnConflict) -> None:
    source, target = pair
    fill(target)
    fill(source)
    copied(source, target, on_conflict=policy)
    before = dump(target)
    found = copied(source, target, on_conflict=policy)
    if policy is SKIP:
        assert all(read == skipped for read, _, _, skipped in found.values())
        assert dump(target) == before
    else:
        assert found["tasks"] == (2, 0, 2, 0)
        assert found["outbox"] == (4, 0, 4, 0)
        assert without_ids(dump(target)) == without_ids(before)


def test_by_default_a_row_that_is_there_ends_the_copy(pair: Pair) -> None:
    source, target = pair
    _, second = stored_task(source), stored_task(source)
    copied(source, target)
    with target.begin() as unit:
        unit.session.execute(delete(TaskRow).where(TaskRow.id != second))
    before = dump(target)
    with pytest.raises(ConflictError, match=f"tasks.*{second}") as refused:
        copied(source, target)
    assert refused.value.code == "row_exists"
    assert "--on-conflict" in refused.value.message
    assert dump(target) == before, "nor is the first task there"


def _move_on(database: Database, task_id: str) -> None:
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state, row.ended_at = TaskState.SUCCEEDED, NOW
        unit.steps.of(task_id)[1].state = "done"
        unit.steps.add_all([step_row(task_id, name="c", position=3)])
        unit.tracks.replace(task_id, [track_summary(2, observations=9), track_summary(3)])
        unit.artefacts.replace(artefact_row(task_id, "results.csv", fence=2))
        unit.outbox.mark_sent([row.id for row in unit.outbox.about(task_id)])


@pytest.mark.parametrize("ahead", ["source", "target"])
def test_a_task_of_both_is_wholly_the_one_or_wholly_the_other(pair: Pair, ahead: str) -> None:
    """Steps of one life and tracks of another would be a task that nobody ever had."""
    source, target = pair
    both = fill(source)
    copied(source, target)
    (other,) = fill(target, 1)
    _move_on(source if ahead == "source" else target, both[0])
    theirs, before = dump(source), dump(target)
    skipped = copied(source, target, on_conflict=SKIP)
    assert dump(target) == before
    assert skipped["tracks"] == (4, 0, 0, 4)
    updated = copied(source, target, on_conflict=UPDATE)
    after = dump(target)
    for task_id in both:
        assert about(task_id, without_ids(after)) == about(task_id, without_ids(theirs))
    assert about(other, after) == about(other, before)
    assert updated["tasks"] == (2, 0, 2, 0)
    assert updated["tracks"] == (4, 4, 0, 0)


def test_another_task_under_the_same_key_stays_out_with_all_that_belongs_to_it(pair: Pair) -> None:
    source, target = pair
    (theirs,) = fill(source, 1, idempotency_key="k")
    (free,) = fill(source, 1, idempotency_key="k", owner="bob")
    fill(target, 1, idempotency_key="k")
    before = dump(target)
    with pytest.raises(ConflictError, match="owner=ada, idempotency_key=k") as refused:
        copied(source, target)
    assert refused.value.code == "row_exists"
    with pytest.raises(ConflictError, match=theirs) as refused:
        copied(source, target, on_conflict=UPDATE)
    assert refused.value.code == "row_clashes"
    assert dump(target) == before
    found = copied(source, target, on_conflict=SKIP)
    assert (found["tasks"], found["steps"]) == ((2, 1, 0, 1), (6, 3, 0, 3))
    after = dump(target)
    assert [row["id"] for row in after["tasks"]] == sorted([before["tasks"][0]["id"], free])
    assert {row["task_id"] for row in after["tracks"]} == {row["id"] for row in after["tasks"]}


def test_a_key_that_opens_both_is_one_key(pair: Pair) -> None:
    for number, database in enumerate(pair):
        with database.begin() as unit:
            key = f"{number}" if number else None
            unit.api_keys.create("ada", ["read"], NOW, key_id=key, chosen="k" * 32)
    with pytest.raises(ConflictError, match="api_keys"):
        copied(*pair, on_conflict=UPDATE)
    assert copied(*pair, on_conflict=SKIP)["api_keys"] == (1, 0, 0, 1)


def _numbered(metadata: MetaData) -> tuple[Table, Table]:
    """Tables that refer to each other by numbers, as later ones may."""
    places = Table(
        "places", metadata, Column("id", Integer, primary_key=True),
        Column("name", String(50), nullable=False, unique=True, index=True),
        Column("note", String(50)),
    )  # fmt: skip
    seats = Table(
        "seats", metadata, Column("id", Integer, primary_key=True),
        Column("place_id", ForeignKey("places.id", ondelete="CASCADE")),
        Column("beside_id", ForeignKey("seats.id")),
        Column("row", Integer, nullable=False), UniqueConstraint("place_id", "row"),
    )  # fmt: skip
    return places, seats


@pytest.mark.parametrize("policy", [SKIP, UPDATE])
def test_references_by_number_follow_their_rows(pair: Pair, policy: OnConflict) -> None:
    metadata = MetaData()
    places, seats = _numbered(metadata)
    for database, names in zip(pair, (["new", "both"], ["old", "both"]), strict=True):
        metadata.create_all(database.engine)
        with database.engine.begin() as connection:
            for number, name in enumerate(names, start=1):
                note = f"{name} of the {'source' if database is pair[0] else 'target'}"
                connection.execute(insert(places).values(id=number, name=name, note=note))
                connection.execute(
                    insert(seats).values(id=number, place_id=number, row=1, beside_id=number)
                )
            connection.execute(insert(seats).values(id=3, row=len(names[0])))
    copied(*pair, on_conflict=policy, metadata=metadata)
    joined = select(places.c.note, seats.c.row).join_from(places, seats).order_by(places.c.note)
    with pair[1].snapshot() as connection:
        found = [tuple(row) for row in connection.execute(joined)]
    kept = "target" if policy is SKIP else "source"
    assert found == [(f"both of the {kept}", 1), ("new of the source", 1), ("old of the target", 1)]


@pytest.mark.parametrize("pair", [("sqlite", "postgres")], indirect=True)
@pytest.mark.parametrize("kind", ["nul", "long"])
def test_what_postgres_does_not_store_is_named(pair: Pair, kind: str) -> None:
    source, target = pair
    fill(source)
    broken = {"nul": {"error_message": "a\0b"}, "long": {"error_code": "c" * 201}}[kind]
    task_id = stored_task(source, **broken)
    with pytest.raises(PermanentError, match=f"{next(iter(broken))}.*{task_id}") as refused:
        copied(source, target)
    assert refused.value.code == "value_does_not_fit"
    assert not any(dump(target).values())


def test_a_row_that_the_target_refuses_leaves_nothing_behind(pair: Pair) -> None:
    source, target = pair
    fill(source)
    with target.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE tracks")
        connection.exec_driver_sql("CREATE TABLE tracks (task_id TEXT, track_id INT CHECK (1 = 0))")
    with pytest.raises(PermanentError, match="nothing was written") as refused:
        copied(source, target)
    assert refused.value.code == "copy_failed"
    with target.read() as unit:
        assert unit.tasks.page("ada", limit=9) == []


def test_memory_does_not_follow_the_number_of_rows(pair: Pair) -> None:
    source, target = pair
    task_id = stored_task(source)
    with source.begin() as unit:
        unit.tracks.replace(task_id, (track_summary(n) for n in range(1, MANY + 1)))
    tracemalloc.start()
    assert copied(source, target)["tracks"] == (MANY, MANY, 0, 0)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * 2**20
