"""The outbox relay: what was committed is sent, in order, and marked as sent."""

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime

import orjson
from celery import Celery
from kombu.exceptions import OperationalError
from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.db.outbox import DOORBELL, EVENT, doorbell_of
from shared.db.tables import OutboxRow
from shared.messaging.exchange import CONTENT_TYPE, EVENTS
from shared.pipeline.dispatch import ring

log = logging.getLogger(__name__)

BATCH = 100
_ALONE = 0x6F75_7462  # the number that says "outbox" to Database.alone
_POLL_SECONDS = 0.2
_SURE_SECONDS = 1.0
"""Where every writer is of this process, and its commit rings."""
_TROUBLE_SECONDS = 1.0


class Relay:
    """Sends at least once: dying between sending and marking sends again, which is harmless."""

    def __init__(self, database: Database, app: Celery) -> None:
        self._database, self._app = database, app

    def relay_once(self) -> int:
        """Send the oldest batch; how many. None where another process is at it.

        Raises:
            kombu.exceptions.OperationalError: the broker is away; what was sent until then is
                marked.
        """
        with self._database.alone(_ALONE) as mine:
            if not mine:
                return 0
            with self._database.read() as unit:
                batch = unit.outbox.unsent(BATCH)
            sent: list[OutboxRow] = []
            try:
                self._send(batch, sent)
            finally:
                self._mark(sent)
            return len(sent)

    def run(self, stop: threading.Event) -> None:
        """Relay until `stop` is set; a commit of this process is noticed at once."""
        written, due = self._database.outbox_written, True
        pause = _SURE_SECONDS if self._database.is_sqlite else _POLL_SECONDS
        with self._database.watch() as watch:
            while not stop.is_set():
                rung = written.wait(pause)
                written.clear()  # before the look, which sees whatever was committed until here
                if rung or watch.changed() or due:
                    due = not self._relay_all(stop)

    def _relay_all(self, stop: threading.Event) -> bool:
        """Whether that went well."""
        try:
            while self.relay_once() == BATCH and not stop.is_set():
                pass
        except (OperationalError, SQLAlchemyError) as error:
            log.warning("the outbox waits: %s", error)
            stop.wait(_TROUBLE_SECONDS)
            return False
        return True

    def _send(self, batch: Sequence[OutboxRow], sent: list[OutboxRow]) -> None:
        for row in batch:
            if row.kind == EVENT:
                self._publish(row)
            else:
                ring(self._app, doorbell_of(row))
            sent.append(row)

    def _mark(self, sent: Sequence[OutboxRow]) -> None:
        if not sent:
            return
        with self._database.begin() as unit:
            unit.outbox.mark_sent([row.id for row in sent])
            for row in sent:
                if row.kind == DOORBELL:
                    unit.steps.rung(doorbell_of(row), datetime.now(UTC))

    def _publish(self, row: OutboxRow) -> None:
        with self._app.producer_or_acquire() as producer:
            producer.publish(
                orjson.dumps(row.body), exchange=EVENTS, routing_key=row.topic, declare=[EVENTS],
                content_type=CONTENT_TYPE, content_encoding="utf-8", message_id=row.body["id"],
                delivery_mode=2, retry=True, retry_policy=self._app.conf.task_publish_retry_policy,
            )  # fmt: skip
