"""The outbox relay: what was committed is sent, in order, and marked as sent."""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from celery import Celery
from kombu import Producer
from kombu.exceptions import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.db.outbox import DOORBELL, EVENT, doorbell_of
from shared.db.tables import OutboxRow
from shared.messaging.exchange import CONTENT_TYPE, EVENTS
from shared.messaging.publisher import Publisher
from shared.metrics import RELAYED
from shared.pipeline.dispatch import ring

log = logging.getLogger(__name__)

BATCH = 100
_ALONE = 0x6F75_7462  # the number that says "outbox" to Database.alone
_SURE_SECONDS = 1.0
"""Every commit rings, of this process and on PostgreSQL of any other; but a ring may be missed."""
_TROUBLE_SECONDS = 1.0
_GATHER_SECONDS = 0.01
"""After a batch: what is committed meanwhile goes out together, at the price of one look."""


class Relay:
    """Sends at least once: dying between sending and marking sends again, which is harmless."""

    def __init__(self, database: Database, app: Celery) -> None:
        self._database, self._app = database, app
        self._publisher = Publisher(app)
        self._waits = False

    def relay_once(self) -> int:
        """Send the oldest batch; how many. None where another process is at it.

        Raises:
            kombu.exceptions.OperationalError: the broker is away; what it took until then is
                marked.
        """
        with self._database.alone(_ALONE) as mine:
            if not mine:
                return 0
            with self._database.read() as unit:
                batch = unit.outbox.unsent(BATCH)
            sent = self._publisher.send(batch, self._write) if batch else 0
            self._mark(batch[:sent])
            for row in batch[:sent]:
                RELAYED.labels(row.kind).inc()
        if sent < len(batch):
            raise OperationalError(self._publisher.fault)
        return sent

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set; a commit is noticed at once."""
        written, due = self._database.outbox_written, True
        with self._database.hearing_others(stop), self._database.watch() as watch:
            while not stop.is_set():
                rung = written.wait(_SURE_SECONDS)
                written.clear()  # before the look, which sees whatever was committed until here
                if rung or watch.changed() or due:
                    due = not self._relay_all(stop)
                    stop.wait(_GATHER_SECONDS)
        self._publisher.close()

    def _relay_all(self, stop: threading.Event) -> bool:
        """Whether that went well."""
        try:
            while self.relay_once() == BATCH and not stop.is_set():
                pass
        except (OperationalError, SQLAlchemyError) as error:
            if not self._waits:
                log.warning("the outbox waits: %s", error)
            self._waits = True
            stop.wait(_TROUBLE_SECONDS)
            return False
        if self._waits:
            log.warning("the outbox is sent again")
        self._waits = False
        return True

    def _write(self, producer: Producer, row: OutboxRow) -> int:
        if row.kind != EVENT:
            return ring(self._app, doorbell_of(row), producer)
        producer.publish(
            orjson.dumps(row.body), exchange=EVENTS, routing_key=row.topic, declare=[EVENTS],
            content_type=CONTENT_TYPE, content_encoding="utf-8", message_id=row.body["id"],
            delivery_mode=2,
        )  # fmt: skip
        return 1

    def _mark(self, sent: Sequence[OutboxRow]) -> None:
        if not sent:
            return
        with self._database.begin() as unit:
            unit.outbox.mark_sent([row.id for row in sent])
            for row in sent:
                if row.kind == DOORBELL:
                    unit.steps.rung(doorbell_of(row), datetime.now(UTC))
