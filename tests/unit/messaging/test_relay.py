"""The relay sends in order, marks what it sent, and survives a broker that is away."""

from datetime import datetime
from pathlib import Path

import pytest
from celery import Celery
from kombu import Producer
from kombu.exceptions import OperationalError

from shared.db.database import Database
from shared.domain.step import Doorbell
from shared.errors import InvalidInputError
from shared.messaging import relay as relay_module
from shared.messaging.relay import Relay
from shared.pipeline.celery_app import celery_app
from tests.support.toy import ToyRoom, toy_room


@pytest.fixture
def app() -> Celery:
    return celery_app("memory://", ["unused"])


def _rung(monkeypatch: pytest.MonkeyPatch, failures: int = 0) -> list[str]:
    """Task ids whose doorbell reached the broker; the first `failures` find it away."""
    rung: list[str] = []
    left = [failures]

    def ring(_: Celery, bell: Doorbell, producer: Producer) -> int:
        if left[0]:
            left[0] -= 1
            raise OperationalError("the broker is away")
        rung.append(bell.task_id)
        return 0

    monkeypatch.setattr(relay_module, "ring", ring)
    return rung


def test_it_sends_in_order_and_once(
    database: Database, tmp_path: Path, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = _rung(monkeypatch)
    with toy_room(database, tmp_path) as room:
        task_ids = [room.submit() for _ in range(5)]
        relay = Relay(database, app)
        assert relay.relay_once() == 10, "an event and a doorbell each"
        assert relay.relay_once() == 0
    assert rung == task_ids


def test_what_was_sent_before_the_broker_went_is_marked(
    database: Database, tmp_path: Path, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = _rung(monkeypatch, failures=1)
    with toy_room(database, tmp_path) as room:
        task_ids = [room.submit() for _ in range(3)]
        relay = Relay(database, app)
        with pytest.raises(OperationalError):
            relay.relay_once()
        assert rung == []
        assert relay.relay_once() == 5, "the first event was sent"
    assert rung == task_ids


def test_a_relay_that_dies_before_it_marks_sends_again(
    database: Database, tmp_path: Path, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung = _rung(monkeypatch)
    with toy_room(database, tmp_path) as room:
        task_id = room.submit()
        with monkeypatch.context() as dying:
            dying.setattr("shared.db.outbox.Outbox.mark_sent", _dies)
            with pytest.raises(MemoryError):
                Relay(database, app).relay_once()
        Relay(database, app).relay_once()
    assert rung == [task_id, task_id]


def test_a_doorbell_is_as_old_as_its_sending(
    database: Database, tmp_path: Path, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    _rung(monkeypatch)
    with toy_room(database, tmp_path) as room:
        task_id = room.submit()
        before = _rung_at(room, task_id)
        Relay(database, app).relay_once()
        assert _rung_at(room, task_id) > before


def test_an_unknown_broker_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="memory") as refused:
        celery_app("redis://localhost", [])
    assert refused.value.code == "unknown_broker"


def _rung_at(room: ToyRoom, task_id: str) -> datetime:
    with room.database.read() as unit:
        rung_at = unit.steps.of(task_id)[0].rung_at
        assert rung_at is not None
        return rung_at


def _dies(*_: object) -> None:
    raise MemoryError
