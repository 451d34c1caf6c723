"""A room reacts once to each event; what it cannot read or do ends in its dead letters."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from celery import Celery

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.events.envelope import Event, EventData, compose, new_id
from shared.events.task import TaskCancelled, TaskFailed
from shared.messaging.consumer import EventConsumer, Reaction, react
from shared.messaging.exchange import CONTENT_TYPE, EVENTS
from shared.pipeline.celery_app import celery_app
from tests.support.databases import SqliteFiles
from tests.support.rows import NOW, stored_task


def _failed(task_id: str = "t") -> Event[EventData]:
    data = TaskFailed(user_id="ada", step="track", code="broken", message="It broke.")
    return compose(data, room="workers", task_id=task_id, correlation_id="c")  # type: ignore[return-value]


def _raise_generation(unit: Unit, event: Event[EventData]) -> None:
    row = unit.tasks.lock(event.subject)
    assert row is not None
    row.generation += 1


def _generation(database: Database, task_id: str) -> int:
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        return row.generation


def test_a_copy_is_passed_over(database: Database) -> None:
    event = _failed(stored_task(database))
    reactions = {TaskFailed: _raise_generation}
    assert react(database, "room", reactions, event)
    assert not react(database, "room", reactions, event)
    assert react(database, "other room", reactions, event)
    assert _generation(database, event.subject) == 2


def test_a_reaction_that_fails_is_as_if_it_never_began(database: Database) -> None:
    event = _failed(stored_task(database))

    def breaks(unit: Unit, event: Event[EventData]) -> None:
        _raise_generation(unit, event)
        raise OSError("broken")

    with pytest.raises(OSError, match="broken"):
        react(database, "room", {TaskFailed: breaks}, event)
    assert react(database, "room", {TaskFailed: _raise_generation}, event)
    assert _generation(database, event.subject) == 1


def test_an_event_without_reaction_leaves_no_trace(database: Database) -> None:
    event = _failed(stored_task(database))
    assert not react(database, "room", {TaskCancelled: _raise_generation}, event)
    with database.begin() as unit:
        assert unit.inbox.record("room", event.id, event.type, NOW)


@contextmanager
def _listening(
    sqlite_files: SqliteFiles, folder: object, reaction: Reaction
) -> Iterator[tuple[Celery, Database]]:
    app = celery_app("memory://", ["unused"])
    with sqlite_files.fresh(folder) as url:  # type: ignore[arg-type]
        database = Database(url)
        consumer = EventConsumer(app, database, f"room-{new_id()}", {TaskFailed: reaction})
        consumer.declare()
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        try:
            yield app, database
        finally:
            consumer.should_stop = True
            thread.join()
            database.close()


def _publish(app: Celery, body: bytes) -> None:
    with app.producer_or_acquire() as producer:
        producer.publish(
            body, exchange=EVENTS, routing_key=TaskFailed.TYPE, content_type=CONTENT_TYPE,
            content_encoding="utf-8",
        )  # fmt: skip


def _wait(done: Callable[[], object]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def test_nonsense_does_not_stop_the_room(sqlite_files: SqliteFiles, tmp_path: object) -> None:
    with _listening(sqlite_files, tmp_path, _raise_generation) as (app, database):
        event = _failed(stored_task(database))
        for body in (b"nonsense", b'{"type": "nobody.knows.v9"}', event.to_json()):
            _publish(app, body)
        _wait(lambda: _generation(database, event.subject) == 1)


def test_a_reaction_that_fails_is_tried_again(sqlite_files: SqliteFiles, tmp_path: object) -> None:
    tries: list[str] = []

    def second_time(unit: Unit, event: Event[EventData]) -> None:
        tries.append(event.id)
        if len(tries) == 1:
            raise OSError("not yet")
        _raise_generation(unit, event)

    with _listening(sqlite_files, tmp_path, second_time) as (app, database):
        event = _failed(stored_task(database))
        _publish(app, event.to_json())
        _wait(lambda: _generation(database, event.subject) == 1)
    assert tries == [event.id, event.id]
