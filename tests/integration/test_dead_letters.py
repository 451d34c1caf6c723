"""Events that no room could react to: kept on RabbitMQ, shown, and sent again."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
from kombu import Connection

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.errors import InvalidInputError, NotFoundError
from shared.events.envelope import Event, EventData, compose
from shared.events.task import TaskFailed
from shared.messaging.consumer import EventConsumer
from shared.messaging.dead_letters import DeadLetter, DeadLetters
from shared.messaging.exchange import CONTENT_TYPE, dead_queue, room_queue_name
from shared.pipeline.celery_app import celery_app
from tests.support.databases import PostgresServer
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow


class Listener:
    """A room that breaks at every event until it is mended."""

    def __init__(self) -> None:
        self.broken = True
        self.heard: list[str] = []

    def react(self, _: Unit, event: Event[EventData]) -> None:
        if self.broken:
            raise ArithmeticError("a fault of the room's")
        self.heard.append(event.id)


@dataclass(frozen=True, slots=True)
class Room:
    """A name of its own on a broker."""

    broker: str
    name: str

    @contextmanager
    def listening(self, database: Database, listener: Listener) -> Iterator[None]:
        """Its consumer runs."""
        consumer = EventConsumer(
            celery_app(self.broker, ()), database, self.name, {TaskFailed: listener.react}
        )
        consumer.declare()
        thread = threading.Thread(target=consumer.run, daemon=True)
        thread.start()
        try:
            yield
        finally:
            consumer.should_stop = True
            thread.join()

    def send(self, body: bytes) -> None:
        """Put a message into its queue."""
        with Connection(self.broker) as connection, connection.Producer() as producer:
            producer.publish(
                body, exchange="", routing_key=room_queue_name(self.name),
                content_type=CONTENT_TYPE, content_encoding="utf-8",
            )  # fmt: skip

    def letters(self) -> DeadLetters:
        """What it could not react to."""
        return DeadLetters(self.broker, self.name)

    def dead(self, count: int) -> list[DeadLetter]:
        """The same as a list, once there are so many."""
        eventually(lambda: len(self.letters().list()) == count, seconds=120)
        return self.letters().list()


@pytest.fixture
def room(rabbitmq_url: str) -> Iterator[Room]:
    """Its queues go at the end."""
    made = Room(rabbitmq_url, f"test-{secrets.token_hex(4)}")
    yield made
    with Connection(rabbitmq_url) as connection, connection.channel() as channel:
        for queue in (room_queue_name(made.name), dead_queue(made.name).name):
            channel.queue_delete(queue)


def _event() -> Event[TaskFailed]:
    data = TaskFailed(user_id="ada", step="detect", code="a_code", message="a sentence.")
    return compose(data, room="test", task_id="a-task", correlation_id="c")


def test_a_dead_event_is_shown_with_its_reason_and_replayed_once_the_room_is_mended(
    postgres: PostgresServer, tmp_path: Path, room: Room
) -> None:
    listener, events = Listener(), [_event(), _event()]
    with postgres.fresh(tmp_path) as url:
        database = Database(url)
        with room.listening(database, listener):
            for event in events:
                room.send(event.to_json())
            room.send(b"no event")
            found = room.dead(3)
            by_reason = {letter.id: letter.reason for letter in found}
            assert by_reason == {
                events[0].id: "delivery_limit", events[1].id: "delivery_limit", "": "rejected",
            }  # fmt: skip
            assert all(isinstance(letter.died_at, datetime) for letter in found)
            assert {letter.subject for letter in found} == {"a-task", ""}
            letters = room.letters()
            assert letters.find(events[0].id).body == events[0].to_json()
            listener.broken = False
            assert letters.replay(events[0].id) == 1
            eventually(lambda: listener.heard == [events[0].id], seconds=60)
            assert letters.replay(None) == 2
            eventually(lambda: events[1].id in listener.heard, seconds=60)
            assert [letter.body for letter in room.dead(1)] == [b"no event"]
        database.close()


def test_who_looks_leaves_them_where_they_are(
    postgres: PostgresServer, tmp_path: Path, room: Room
) -> None:
    with postgres.fresh(tmp_path) as url:
        database = Database(url)
        with room.listening(database, Listener()):
            for number in range(5):
                room.send(b"%d" % number)
            for _ in range(3):
                assert [letter.body for letter in room.dead(5)] == [b"0", b"1", b"2", b"3", b"4"]
        database.close()


def test_an_unknown_event_is_said_to_be_none(room: Room) -> None:
    letters = room.letters()
    with pytest.raises(NotFoundError, match="no-such"):
        letters.find("no-such")
    with pytest.raises(NotFoundError):
        letters.replay("no-such")


def test_one_process_keeps_none_and_says_so() -> None:
    with pytest.raises(InvalidInputError) as refused:
        DeadLetters("memory://", "workers")
    assert refused.value.code == "no_dead_letters"
