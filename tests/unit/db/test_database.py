"""Units of work on SQLite and PostgreSQL alike."""

import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import InternalError, StatementError

from shared.db import idle_connections
from shared.db.database import Database
from shared.db.engine import open_engine
from shared.db.tables import TaskRow
from shared.errors import InvalidInputError
from shared.events.envelope import compose
from shared.events.task import TaskCancelled
from tests.support.databases import PostgresServer
from tests.support.rows import NOW, stored_task, task_row


def test_a_unit_commits_at_its_end_and_rolls_back_when_it_raises(database: Database) -> None:
    kept = stored_task(database)
    lost = task_row()
    lost_id = lost.id
    with pytest.raises(RuntimeError), database.begin() as unit:
        assert unit.tasks.add(lost)
        raise RuntimeError
    with database.read() as unit:
        assert unit.tasks.get(kept) is not None
        assert unit.tasks.get(lost_id) is None


def test_times_come_back_in_utc_to_the_microsecond(database: Database) -> None:
    india = NOW.astimezone(timezone(timedelta(hours=5, minutes=30)))
    task_id = stored_task(database, created_at=india)
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        assert row.created_at == NOW
        assert row.created_at.utcoffset() == timedelta(0)


def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="no time zone"):
        stored_task(database, created_at=datetime(2026, 1, 1))


def test_threads_that_read_and_then_write_all_succeed(database: Database) -> None:
    task_id = stored_task(database)

    def count_up() -> None:
        for _ in range(20):
            with database.begin() as unit:
                row = unit.tasks.lock(task_id)
                assert row is not None
                row.generation += 1

    threads = [threading.Thread(target=count_up) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        assert row.generation == 80


def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    task_id = stored_task(database)
    with database.begin() as writer:
        writer.tasks.lock(task_id)
        with database.read() as reader:
            assert reader.tasks.get(task_id) is not None


def test_only_a_commit_that_left_something_to_send_wakes_the_relay(database: Database) -> None:
    task_id = stored_task(database)
    assert not database.outbox_written.is_set()
    data = TaskCancelled(user_id="ada", code="cancelled", message="Cancelled.")
    event = compose(data, room="gateway", task_id=task_id, correlation_id="c")
    with pytest.raises(RuntimeError), database.begin() as unit:
        unit.outbox.add_event(event)
        raise RuntimeError
    assert not database.outbox_written.is_set()
    with database.begin() as unit:
        unit.outbox.add_event(event)
    assert database.outbox_written.is_set()


def test_one_process_at_a_time_is_alone(database: Database) -> None:
    other = Database(database.engine.url.render_as_string(hide_password=False))
    with database.alone(1) as first, other.alone(1) as second:
        assert first
        assert second == database.is_sqlite
    with other.alone(1) as again:
        assert again
    other.close()


def test_sqlite_checks_foreign_keys_and_survives_a_power_cut(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'deep' / 'a.db'}")
    with engine.connect() as connection:
        found = [
            connection.scalar(text(f"PRAGMA {name}"))
            for name in ("foreign_keys", "journal_mode", "synchronous", "busy_timeout")
        ]
    assert found == [1, "wal", 2, 30_000]
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://root@localhost/x", "unknown_database"),
        ("nonsense", "unknown_database"),
        ("sqlite://", "sqlite_without_file"),
        ("sqlite:///:memory:", "sqlite_without_file"),
    ],
)
def test_an_unknown_database_is_refused_with_the_known_ones(url: str, code: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Database(url)
    assert refused.value.code == code


def test_erasing_a_task_takes_its_rows_along(database: Database) -> None:
    task_id = stored_task(database)
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert isinstance(row, TaskRow)
        unit.tasks.delete(row)
    with database.read() as unit:
        assert unit.tasks.get(task_id) is None


def test_on_postgres_who_only_reads_cannot_write(postgres: PostgresServer, tmp_path: Path) -> None:
    with (
        postgres.fresh(tmp_path) as url,
        closing(Database(url)) as database,
        pytest.raises(InternalError, match="read-only"),
        database.read() as unit,
    ):
        unit.session.execute(text("UPDATE tasks SET owner = 'x'"))


@pytest.mark.parametrize("idle_seconds", [0.0, 60.0], ids=["long idle", "a moment ago"])
def test_a_connection_that_died_since_it_was_used_is_not_handed_out(
    postgres: PostgresServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    idle_seconds: float,
) -> None:
    others = text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with (
        postgres.fresh(tmp_path) as url,
        closing(Database(url)) as database,
        closing(Database(url)) as killer,
    ):
        stored_task(database)
        with database.read() as unit:
            assert unit.tasks.not_begun(NOW)
        with killer.begin() as unit:
            assert unit.session.scalar(others) == 2
        monkeypatch.setattr(idle_connections, "_IDLE_SECONDS", idle_seconds)
        stored_task(database)
        with database.read() as unit:
            assert len(unit.tasks.not_begun(NOW)) == 2
