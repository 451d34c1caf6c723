"""Track summaries, on SQLite and PostgreSQL alike: written in bulk, read in pages."""

import tracemalloc

import pytest
from sqlalchemy.exc import IntegrityError

from shared.db.database import Database
from shared.domain.track import TrackSummary
from tests.support.rows import stored_task, task_row, track_summary

MANY = 20_000


def _of(database: Database, task_id: str) -> list[TrackSummary]:
    with database.read() as unit:
        return list(unit.tracks.page(task_id, limit=2 * MANY))


def test_what_is_read_is_what_was_written(database: Database) -> None:
    task_id, other = stored_task(database), stored_task(database)
    odd = track_summary(
        2, class_name='dog, "large"\t\\N\n', first_box=(-0.01, 1e300, 0.1 + 0.2, 5e-324)
    )
    with database.begin() as unit:
        unit.tracks.replace(task_id, [odd, track_summary(1)])
        unit.tracks.replace(other, [track_summary(2**31 - 1)])
    assert _of(database, task_id) == [track_summary(1), odd]
    assert _of(database, other) == [track_summary(2**31 - 1)]


def test_later_tracks_take_the_place_of_earlier_ones(database: Database) -> None:
    task_id, other = stored_task(database), stored_task(database)
    for unit_tracks in ([1, 2, 3], [2, 4], []):
        with database.begin() as unit:
            unit.tracks.replace(task_id, [track_summary(n) for n in unit_tracks])
            unit.tracks.replace(other, [track_summary(9)])
        assert [track.track_id for track in _of(database, task_id)] == unit_tracks
    assert len(_of(database, other)) == 1


def test_tracks_are_kept_with_the_unit_or_not_at_all(database: Database) -> None:
    task_id = stored_task(database)
    with database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(1)])
    with pytest.raises(RuntimeError), database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(n) for n in range(2, 3000)])
        raise RuntimeError("the commit failed")
    assert [track.track_id for track in _of(database, task_id)] == [1]


def test_a_task_of_the_same_unit_may_have_tracks(database: Database) -> None:
    row = task_row()
    with database.begin() as unit:
        unit.session.add(row)
        unit.tracks.replace(row.id, [track_summary(1)])
    assert len(_of(database, row.id)) == 1


def test_a_refused_row_is_the_same_error_on_both(database: Database) -> None:
    task_id = stored_task(database)
    with pytest.raises(IntegrityError), database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(1), track_summary(1)])
    with pytest.raises(IntegrityError), database.begin() as unit:
        unit.tracks.replace("nobody", [track_summary(1)])
    assert _of(database, task_id) == []


def test_a_task_takes_its_tracks_along(database: Database) -> None:
    task_id = stored_task(database)
    with database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(1)])
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        unit.tasks.delete(row)
    assert _of(database, task_id) == []


def test_pages_follow_each_other_within_a_class(database: Database) -> None:
    task_id = stored_task(database)
    names = ("person", "cat", "person", "dog", "person")
    with database.begin() as unit:
        tracks = [track_summary(n, class_name=name) for n, name in enumerate(names, start=1)]
        unit.tracks.replace(task_id, tracks)
    with database.read() as unit:
        first = unit.tracks.page(task_id, limit=2, classes=["person", "cat"])
        rest = unit.tracks.page(
            task_id, limit=9, classes=["person", "cat"], after=first[-1].track_id
        )
        assert [track.track_id for track in (*first, *rest)] == [1, 2, 3, 5]
        assert unit.tracks.page(task_id, limit=9, classes=["tiger"]) == []


def test_a_name_that_no_database_takes_is_found_all_the_same(database: Database) -> None:
    task_id = stored_task(database)
    with database.begin() as unit:
        unit.tracks.replace(task_id, [track_summary(1, class_name="a\0b")])
    with database.read() as unit:
        (found,) = unit.tracks.page(task_id, limit=9, classes=["a\0b"])
    assert found.class_name == "a\ufffdb"


def test_many_tracks_take_no_memory_of_their_own(database: Database) -> None:
    task_id = stored_task(database)
    tracemalloc.start()
    with database.begin() as unit:
        unit.tracks.replace(task_id, (track_summary(n) for n in range(1, MANY + 1)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert len(_of(database, task_id)) == MANY
