"""What a room does with the events it hears: each once, in one transaction with its inbox."""

import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from celery import Celery
from kombu import Connection, Consumer, Message
from kombu.mixins import ConsumerMixin
from sqlalchemy.exc import OperationalError

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.events.catalogue import UnreadableEventError, read_event
from shared.events.envelope import Event, EventData
from shared.logging import about
from shared.messaging.broker import broker_unreachable
from shared.messaging.exchange import CONTENT_TYPE, dead_queue, room_queue
from shared.metrics import REACTIONS

log = logging.getLogger(__name__)

Reaction = Callable[[Unit, Event[EventData]], None]
"""Only writes rows; what has to be sent goes to the outbox."""
Reactions = Mapping[type[EventData], Reaction]
Wanted = Callable[[Event[EventData]], bool]
"""Whether the room cares; what it does not care for is not written into its inbox."""

_TROUBLE_SECONDS = 1.0


def react(database: Database, room: str, reactions: Reactions, event: Event[EventData]) -> bool:
    """Run the room's reaction; False for a copy, or where the room has none."""
    reaction = reactions.get(type(event.data))
    if reaction is None:
        return False
    with database.begin() as unit:
        if not unit.inbox.record(room, event.id, event.type, datetime.now(UTC)):
            return False
        reaction(unit, event)
    return True


class EventConsumer(ConsumerMixin):  # type: ignore[misc]
    """Listens for one room; `run()` until `should_stop` is set."""

    def __init__(
        self, app: Celery, database: Database, room: str, reactions: Reactions,
        wanted: Wanted = lambda _: True,
    ) -> None:  # fmt: skip
        self.connection: Connection = app.connection_for_read()
        self._database, self._room, self._reactions = database, room, reactions
        self._wanted = wanted
        self._broker_url = str(app.conf.broker_url)

    def declare(self) -> None:
        """Make the room's queues, so that nothing sent from now on is lost.

        Raises:
            TransientError: `broker_unreachable`.
        """
        errors = (*self.connection.connection_errors, *self.connection.channel_errors)
        try:
            with self.connection.clone() as connection, connection.channel() as channel:
                for queue in (*self._queues(), dead_queue(self._room)):
                    queue(channel).declare()
        except errors as error:
            raise broker_unreachable(error) from error

    def get_consumers(self, consumer: Callable[..., Consumer], channel: Any) -> list[Consumer]:
        """One event at a time: the order of a task's events is kept."""
        del channel
        return [
            consumer(
                self._queues(), on_message=self._receive, prefetch_count=1, accept=[CONTENT_TYPE]
            )
        ]

    def _queues(self) -> list[Any]:
        return [room_queue(self._room, data.TYPE, self._broker_url) for data in self._reactions]

    def _receive(self, message: Message) -> None:
        try:
            event = read_event(_bytes(message.body))
        except UnreadableEventError as error:
            log.error("%s: %s", self._room, error)
            message.reject()
            return
        with about(task_id=event.subject, correlation_id=event.correlationid):
            self._react(event, message)

    def _react(self, event: Event[EventData], message: Message) -> None:
        try:
            new = self._react_once_database_is_there(event)
        except Exception:
            # Back to the broker, whose delivery limit ends in the dead letters.
            log.exception("%s: no reaction to %s %s", self._room, event.type, event.id)
            REACTIONS.labels(self._room, "failed").inc()
            time.sleep(_TROUBLE_SECONDS)
            message.requeue()
            return
        REACTIONS.labels(self._room, "new" if new else "passed over").inc()
        message.ack()

    def _react_once_database_is_there(self, event: Event[EventData]) -> bool:
        """An event is not to blame for a server that is away: try as long as it takes."""
        while True:
            try:
                return self._wanted(event) and react(
                    self._database, self._room, self._reactions, event
                )
            except OperationalError as error:
                if self.should_stop:
                    raise
                log.warning("%s: the database does not answer; again: %s", self._room, error.orig)
                time.sleep(_TROUBLE_SECONDS)


def _bytes(body: Any) -> bytes:
    return body.encode() if isinstance(body, str) else bytes(body)
