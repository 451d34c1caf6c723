"""The key of a start, on both kinds of database."""

import secrets
from datetime import UTC, datetime

import pytest

from shared.access.start_key import start_key
from shared.db.database import Database
from shared.errors import InvalidInputError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def _start(database: Database, chosen: str | None = None) -> str:
    with database.begin() as unit:
        return start_key(unit, chosen, NOW)


def _opens(database: Database, key: str) -> bool:
    with database.read() as unit:
        row = unit.api_keys.find(key)
    return row is not None and (row.principal, row.scopes) == ("local", ["act-as", "read", "write"])


def test_each_start_has_a_fresh_key_and_the_last_one_opens_nothing(database: Database) -> None:
    first, second = _start(database), _start(database)
    assert first != second
    assert _opens(database, second)
    assert not _opens(database, first)


def test_a_chosen_key_stays_from_start_to_start(database: Database) -> None:
    chosen = secrets.token_hex(16)
    assert [_start(database, chosen) for _ in range(3)] == [chosen] * 3
    assert _opens(database, chosen)
    with database.read() as unit:
        assert len(unit.api_keys.list()) == 1


def test_a_key_that_is_not_chosen_any_more_opens_nothing(database: Database) -> None:
    first, second = secrets.token_hex(16), secrets.token_hex(16)
    _start(database, first)
    _start(database, second)
    assert not _opens(database, first)
    fresh = _start(database)
    assert not _opens(database, second)
    assert _opens(database, fresh)
    _start(database, first)
    assert _opens(database, first)


def test_keys_that_somebody_made_are_left_alone(database: Database) -> None:
    with database.begin() as unit:
        made = unit.api_keys.create("ada", ["read"], NOW)
    _start(database)
    with database.read() as unit:
        assert unit.api_keys.find(made) is not None


def test_somebody_elses_key_is_not_taken_over(database: Database) -> None:
    with database.begin() as unit:
        made = unit.api_keys.create("ada", ["read"], NOW)
    with pytest.raises(InvalidInputError) as refused:
        _start(database, made)
    assert refused.value.code == "key_taken"
    assert made not in refused.value.message


@pytest.mark.parametrize(
    "weak", ["a" * 40, "abab" * 10, "0123456789 0123456789 0123456789", "pässwörter" * 4]
)
def test_a_weak_key_is_refused_without_being_shown(database: Database, weak: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        _start(database, weak)
    assert refused.value.code == "weak_key"
    assert weak not in refused.value.message
