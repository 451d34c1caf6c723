"""A room at work: its relay, its ears, its reconciler, and an embedded worker where wanted."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from celery import Celery

from shared.db.database import Database
from shared.messaging.consumer import EventConsumer, Reactions
from shared.messaging.presence import present
from shared.messaging.reconciler import Reconciler
from shared.messaging.relay import Relay
from shared.pipeline.celery_app import celery_app, queues_of, serve_steps
from shared.pipeline.embedded_worker import embedded_worker
from shared.pipeline.step import Pipelines
from shared.pipeline.times import Times
from shared.pipeline.worker import StepWorker
from shared.running_thread import running_thread
from shared.tasks.erase import EraseFiles, finish_erasures
from shared.tasks.orphans import Uploads, remove_orphans

log = logging.getLogger(__name__)

_KEPT = timedelta(days=30)
_PRUNE_SECONDS = 1800.0
_TROUBLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Room:
    """What a room is made of.

    Attributes:
        reactions: which events it hears, and what it does then.
        pipelines: its tables of steps, by the name that tasks carry.
        erase_files: how the files of a task vanish.
        uploads: where uploads lie; None where none are taken.
        tidy: what else is done twice an hour, by every host.
    """

    name: str
    reactions: Reactions
    pipelines: Pipelines
    erase_files: EraseFiles
    times: Times = field(default_factory=Times)
    uploads: Uploads | None = None
    tidy: Callable[[Database], None] | None = None


@dataclass(frozen=True, slots=True)
class RunningRoom:
    """What the process around it may want to look at."""

    app: Celery
    reconciler: Reconciler
    relay: Relay
    threads: list[threading.Thread] = field(default_factory=list)

    @property
    def dead(self) -> Sequence[str]:
        """Names of parts that ended although the room goes on; empty for a healthy room."""
        return [thread.name for thread in self.threads if not thread.is_alive()]


@contextmanager
def running_room(
    room: Room, database: Database, worker: StepWorker, *, broker_url: str, threads: int
) -> Iterator[RunningRoom]:
    """A whole room in this process: everything that died with the last one is rung first, then
    steps run with so many threads until the block ends.
    """
    queues = sorted(queues_of(room.pipelines))
    with (
        present(database, queues, threads, room.times),
        room_on_duty(room, database, broker_url) as running,
    ):
        serve_steps(running.app, worker)
        with embedded_worker(running.app, threads) as thread:
            running.threads.append(thread)
            try:
                yield running
            finally:
                worker.close()


@contextmanager
def room_on_duty(room: Room, database: Database, broker_url: str) -> Iterator[RunningRoom]:
    """All of a room but its steps, while the block lasts: what was committed is sent, events are
    heard, what was lost is rung again, what was erased goes. It may run in several processes.
    """
    app = celery_app(broker_url, queues_of(room.pipelines))
    reconciler = Reconciler(database, room.pipelines, room.times)
    running = RunningRoom(app, reconciler, Relay(database, app))
    consumer = EventConsumer(app, database, room.name, room.reactions)
    consumer.declare()
    if urlsplit(broker_url).scheme == "memory":
        rung = reconciler.look(restarted=True)
        log.info("%s: rang %d steps that the last process left", room.name, rung)
    with ExitStack() as stack:
        stop = threading.Event()
        for name, body in (
            ("relay", lambda: running.relay.run(stop)),
            ("reconciler", lambda: reconciler.run(stop)),
            ("tidying", lambda: _tidy(database, room, stop)),
            ("events", consumer.run),
        ):
            part = partial(_lasting, name, body, stop)
            running.threads.append(stack.enter_context(running_thread(name, part)))
        # Left in reverse: the threads hear that they must stop before they are waited for.
        stack.callback(setattr, consumer, "should_stop", True)
        stack.callback(stop.set)
        yield running
    app.close()


def _lasting(name: str, body: Callable[[], None], stop: threading.Event) -> None:
    """A part that ends by an error that nobody foresaw begins anew: where it is stands in the
    database, and without it every task would stand still while the process looks alive.
    """
    while not stop.is_set():
        try:
            body()
        except Exception:
            log.exception("%s: ended by an error; it begins anew", name)
            stop.wait(_TROUBLE_SECONDS)
        else:
            return


def _tidy(database: Database, room: Room, stop: threading.Event) -> None:
    """Finish erasures as soon as they can be; twice an hour forget what is old."""
    pruned = 0.0
    while not stop.wait(room.times.reconcile):
        try:
            finish_erasures(database, room.erase_files)
            if not pruned or time.monotonic() - pruned > _PRUNE_SECONDS:
                # Before: what fails each time must not be looked at with every erasure.
                pruned = time.monotonic()
                _prune(database, room)
        except Exception:
            log.exception("%s: tidying failed; it is tried again", room.name)


def _prune(database: Database, room: Room) -> None:
    old = datetime.now(UTC) - _KEPT
    with database.begin() as unit:
        unit.workers.forget(old)
        unit.outbox.prune(old)
        unit.inbox.prune(old)
    if room.uploads is not None and (removed := remove_orphans(database, room.uploads)):
        log.info("%s: removed %d uploads without a task", room.name, removed)
    if room.tidy is not None:
        room.tidy(database)
