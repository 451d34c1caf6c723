"""From SQLite to PostgreSQL and back nothing changes, whatever rows hold."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.db.database import Database
from shared.db.tables import Base, OutboxRow
from shared.domain.track import TrackSummary
from shared.events.envelope import new_id
from tests.support.databases import PostgresServer, SqliteFiles
from tests.support.rows import step_row, task_row, track_summary
from tests.support.two_databases import copied, dump

_TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=200)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_JSON = st.dictionaries(
    st.text(max_size=5),  # JSON escapes what a database would not take: NUL, half a surrogate
    st.recursive(
        st.none() | st.booleans() | st.integers() | _NUMBERS | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=3,
)
_TIMES = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones())
_TASKS = st.fixed_dictionaries(
    {"source": _TEXT, "options": _JSON, "created_at": _TIMES, "cancel_requested": st.booleans()},
    optional={
        "idempotency_key": st.none() | _TEXT,
        "error_message": _TEXT,
        "started_at": st.none() | _TIMES,
        "generation": st.integers(-(2**31), 2**31 - 1),
    },
)
_OUTPUTS = st.none() | _JSON
_TRACKS = st.builds(
    track_summary,
    st.just(1),
    class_name=_TEXT,
    path_pixels=_NUMBERS,
    first_box=st.tuples(*[st.floats(allow_nan=False)] * 4),
)


@pytest.fixture
def three(
    sqlite_files: SqliteFiles, postgres: PostgresServer, tmp_path: Path
) -> Iterator[tuple[Database, Database, Database]]:
    """SQLite, PostgreSQL and again SQLite."""
    with ExitStack() as opened:
        databases = []
        for place, maker in enumerate((sqlite_files, postgres, sqlite_files)):
            (folder := tmp_path / str(place)).mkdir()
            url = opened.enter_context(maker.fresh(folder))
            databases.append(opened.enter_context(closing(Database(url))))
        yield databases[0], databases[1], databases[2]


@given(_TASKS, _OUTPUTS, _TRACKS, st.integers(1, 2**62))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_odd_values_come_back_as_they_went(
    three: tuple[Database, Database, Database],
    task: dict[str, Any],
    output: Any,
    track: TrackSummary,
    number: int,
) -> None:
    for database in three:
        _empty(database)
    row = task_row(**task)
    with three[0].begin() as unit:
        unit.session.add(row)
        unit.session.flush()
        unit.session.add(step_row(row.id, id=number, output=output, resume_at=row.created_at))
        unit.session.add(
            OutboxRow(
                kind="event", topic="t", task_id=new_id(), body=row.options,
                created_at=datetime.now(UTC),
            )
        )  # fmt: skip
        unit.tracks.replace(row.id, [track, replace(track, track_id=2**31 - 1)])
    went = dump(three[0])
    copied(three[0], three[1])
    assert dump(three[1]) == went
    copied(three[1], three[2])
    assert dump(three[2]) == went
    assert went["steps"][0]["output"] == output


def _empty(database: Database) -> None:
    with database.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(table.delete())
