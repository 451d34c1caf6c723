"""Notifications as a room of this process."""

import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

import orjson

from shared.db.database import Database
from shared.events.catalogue import UnreadableEventError, read_event
from shared.messaging.consumer import EventConsumer, react
from shared.notifications.adapters import open_channels
from shared.notifications.notice import notice_of, wants
from shared.pipeline.celery_app import celery_app
from shared.running_thread import running_thread
from shared.settings import Settings
from workers.notification.attempts import Pace
from workers.notification.reactions import REACTIONS, is_wanted
from workers.notification.receivers import Receivers
from workers.notification.sender import Sender

log = logging.getLogger(__name__)

ROOM = "notifications"
_HEARD_AGAIN = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunningNotifications:
    """What the process around them may want to look at."""

    threads: Sequence[threading.Thread]

    @property
    def dead(self) -> Sequence[str]:
        """Names of parts that ended although the room goes on; empty for a healthy room."""
        return [thread.name for thread in self.threads if not thread.is_alive()]


@contextmanager
def running_notifications(
    database: Database, settings: Settings, *, service_url: str | None = None,
    pace: Pace | None = None,
) -> Iterator[RunningNotifications]:  # fmt: skip
    """Hear events and tell people, until the block ends.

    Args:
        service_url: where links lead, unless the settings say.

    Raises:
        InvalidInputError: `bad_channel`, `unknown_broker`.
        TransientError: `broker_unreachable`.
    """
    channels = open_channels(settings.notify_urls)
    receivers = Receivers(channels, settings.allowed_networks, settings.url or service_url)
    sender = Sender(database, receivers.send, pace or Pace())
    app = celery_app(settings.broker_url, ())
    wanted = partial(is_wanted, database)
    consumer = EventConsumer(app, database, ROOM, REACTIONS, wanted)
    consumer.declare()
    if database.is_sqlite:  # which serves one process: whoever was sending is dead
        _free_all(database)
    if urlsplit(settings.broker_url).scheme == "memory":
        _hear_again(database)
    stop, threads = threading.Event(), []
    with ExitStack() as stack:
        for name, body in (("notifications", lambda: sender.run(stop)), (ROOM, consumer.run)):
            threads.append(stack.enter_context(running_thread(name, body)))
        # Left in reverse: the threads hear that they must stop before they are waited for.
        stack.callback(setattr, consumer, "should_stop", True)
        stack.callback(stop.set)
        yield RunningNotifications(threads)
    app.close()


def _free_all(database: Database) -> None:
    with database.begin() as unit:
        freed = unit.deliveries.free_all(datetime.now(UTC))
    if freed:
        log.info("%s: %d messages of the last process are sent again", ROOM, freed)


def _hear_again(database: Database) -> None:
    """Messages of `memory://` die with the process; the outbox still has what they said."""
    with database.read() as unit:
        rules = unit.rules.enabled()
        rows = unit.outbox.events_since(datetime.now(UTC) - _HEARD_AGAIN) if rules else ()
    for row in rows:
        try:
            event = read_event(orjson.dumps(row.body))
        except UnreadableEventError as error:
            log.warning("%s: %s", ROOM, error)
            continue
        notice = notice_of(event)
        if any(wants(rule, notice) for rule in rules):
            react(database, ROOM, REACTIONS, event)
