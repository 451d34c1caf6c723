"""A room at work: its relay, its ears, its reconciler, and an embedded worker where wanted."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from celery import Celery

from shared.db.database import Database
from shared.messaging.consumer import EventConsumer, Reactions
from shared.messaging.reconciler import Reconciler
from shared.messaging.relay import Relay
from shared.pipeline.celery_app import celery_app, queues_of, serve_steps
from shared.pipeline.embedded_worker import embedded_worker
from shared.pipeline.step import Pipelines
from shared.pipeline.times import Times
from shared.pipeline.worker import StepWorker
from shared.tasks.erase import EraseFiles, finish_erasures
from shared.tasks.orphans import Uploads, remove_orphans

log = logging.getLogger(__name__)

_KEPT = timedelta(days=30)
_PRUNE_SECONDS = 3600.0


@dataclass(frozen=True, slots=True)
class Room:
    """What a room is made of.

    Attributes:
        reactions: which events it hears, and what it does then.
        pipelines: its tables of steps, by the name that tasks carry.
        erase_files: how the files of a task vanish.
        uploads: where uploads lie; None where none are taken.
    """

    name: str
    reactions: Reactions
    pipelines: Pipelines
    erase_files: EraseFiles
    times: Times = field(default_factory=Times)
    uploads: Uploads | None = None


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
    queues = queues_of(room.pipelines)
    app = celery_app(broker_url, queues)
    serve_steps(app, worker)
    # One worker serves all of them, so none of them is silent while it is busy.
    reconciler = Reconciler(database, room.pipelines, room.times, served_together=[queues])
    running = RunningRoom(app, reconciler, Relay(database, app))
    consumer = EventConsumer(app, database, room.name, room.reactions)
    consumer.declare()
    if urlsplit(broker_url).scheme == "memory":
        rung = reconciler.look(restarted=True)
        log.info("%s: rang %d steps that the last process left", room.name, rung)
    with ExitStack() as stack:
        stop = threading.Event()
        running.threads.append(stack.enter_context(embedded_worker(app, threads)))
        for name, body in (
            ("relay", lambda: running.relay.run(stop)),
            ("reconciler", lambda: reconciler.run(stop)),
            ("tidying", lambda: _tidy(database, room, stop)),
            ("events", consumer.run),
        ):
            running.threads.append(stack.enter_context(_thread(name, body)))
        # Left in reverse: the threads hear that they must stop before they are waited for.
        stack.callback(setattr, consumer, "should_stop", True)
        stack.callback(stop.set)
        stack.callback(worker.close)
        yield running
    app.close()


def _tidy(database: Database, room: Room, stop: threading.Event) -> None:
    """Finish erasures as soon as they can be; forget old messages and uploads once an hour."""
    pruned = 0.0
    while not stop.wait(room.times.reconcile):
        try:
            finish_erasures(database, room.erase_files)
            if not pruned or time.monotonic() - pruned > _PRUNE_SECONDS:
                _prune(database, room)
                pruned = time.monotonic()
        except Exception:
            log.exception("%s: tidying failed; it is tried again", room.name)


def _prune(database: Database, room: Room) -> None:
    old = datetime.now(UTC) - _KEPT
    with database.begin() as unit:
        unit.outbox.prune(old)
        unit.inbox.prune(old)
    if room.uploads is not None and (removed := remove_orphans(database, room.uploads)):
        log.info("%s: removed %d uploads without a task", room.name, removed)


@contextmanager
def _thread(name: str, body: Callable[[], None]) -> Iterator[threading.Thread]:
    thread = threading.Thread(target=body, name=name, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
