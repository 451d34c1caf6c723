"""Events that a room could not read or react to: look at them, and send them again."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import orjson
from celery import Celery
from kombu import Connection, Message, Producer

from shared.errors import InvalidInputError, NotFoundError
from shared.messaging.broker import broker_unreachable
from shared.messaging.exchange import CONTENT_TYPE, dead_queue, room_queue_name
from shared.messaging.publisher import Publisher
from shared.pipeline.celery_app import celery_app


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that lies in a room's dead-letter queue.

    Attributes:
        id, type, subject: of the event; empty where it cannot be read.
        reason: `rejected` (it cannot be read) or `delivery_limit` (no reaction, several times).
        died_at: when it came here; None where the broker does not say.
        body: as it was sent.
    """

    id: str
    type: str
    subject: str
    reason: str
    died_at: datetime | None
    body: bytes


class DeadLetters:
    """The dead letters of one room. Looking leaves them where they are, in their order."""

    def __init__(self, broker_url: str, room: str) -> None:
        """Connect when first used.

        Raises:
            InvalidInputError: `unknown_broker`, `no_dead_letters`: the broker keeps none.
        """
        if urlsplit(broker_url).scheme == "memory":
            raise InvalidInputError(
                "no_dead_letters",
                "TRACKLOOP_BROKER_URL: memory:// keeps no dead letters; the log has them.",
            )
        self._app, self._room = celery_app(broker_url, ()), room

    def list(self) -> list[DeadLetter]:
        """All of them, oldest first.

        Raises:
            TransientError: `broker_unreachable`.
        """
        with _held(self._app, self._room) as messages:
            return [_read(message) for message in messages]

    def find(self, event_id: str) -> DeadLetter:
        """The one of this event.

        Raises:
            NotFoundError: `no_such_event`.
            TransientError: `broker_unreachable`.
        """
        found = next((letter for letter in self.list() if letter.id == event_id), None)
        if found is None:
            raise _not_found(event_id)
        return found

    def replay(self, event_id: str | None) -> int:
        """Put the event, or with None all of them, back into the room's queue; how many.

        One that the room has reacted to meanwhile is passed over there.

        Raises:
            NotFoundError: `no_such_event`.
            TransientError: `broker_unreachable`; what was sent until then is sent.
        """
        with _held(self._app, self._room) as messages:
            chosen = [message for message in messages if event_id in {None, _read(message).id}]
            if event_id is not None and not chosen:
                raise _not_found(event_id)
            publisher = Publisher(self._app)
            sent = publisher.send(chosen, self._write)
            publisher.close()
            for message in chosen[:sent]:  # first sent, then taken away: never neither
                message.ack()
        if sent < len(chosen):
            raise broker_unreachable(OSError(publisher.fault))
        return sent

    def _write(self, producer: Producer, message: Message) -> int:
        producer.publish(
            message.body, exchange="", routing_key=room_queue_name(self._room),
            content_type=CONTENT_TYPE, content_encoding="utf-8", delivery_mode=2,
        )  # fmt: skip
        return 1


@contextmanager
def _held(app: Celery, room: str) -> Iterator[list[Message]]:
    """Every message of the queue; what is not answered in the block goes back to its place."""
    connection: Connection = app.connection_for_read()
    errors = (OSError, *connection.connection_errors, *connection.channel_errors)
    try:
        with connection, connection.channel() as channel:
            queue = dead_queue(room)(channel)
            queue.declare()
            messages = []
            while (message := queue.get(accept=None)) is not None:
                messages.append(message)
            yield messages
    except errors as error:
        raise broker_unreachable(error) from error


def _read(message: Message) -> DeadLetter:
    body = message.body.encode() if isinstance(message.body, str) else bytes(message.body)
    event = _fields(body)
    deaths: list[Mapping[str, Any]] = message.headers.get("x-death") or [{}]
    return DeadLetter(
        id=str(event.get("id", "")), type=str(event.get("type", "")),
        subject=str(event.get("subject", "")), reason=str(deaths[0].get("reason", "")),
        died_at=deaths[0].get("time"), body=body,
    )  # fmt: skip


def _fields(body: bytes) -> Mapping[str, Any]:
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return read if isinstance(read, dict) else {}


def _not_found(event_id: str) -> NotFoundError:
    return NotFoundError(
        "no_such_event", f"No dead event has the id {event_id}; `trackloop events dead list` does."
    )
