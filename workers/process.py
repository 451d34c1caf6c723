"""The workers as processes of their own: those that do the work, and the one that keeps watch."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry

from shared.db.database import Database
from shared.db.migrate import prepare
from shared.errors import InvalidInputError, PermanentError
from shared.messaging.presence import present
from shared.monitoring import Condition, monitored
from shared.pipeline.times import Times
from shared.progress.adapters import open_board
from shared.servers import refuse_bad_settings, servers_away
from shared.settings import Settings
from workers.host_cache import HostCache
from workers.kinds import NOTIFICATION, able_kinds, check_kinds, queues_of_kinds
from workers.main import workers_on_duty
from workers.notification.main import running_notifications
from workers.supervisor import step_process

_LOOK_SECONDS = 1.0
_FRESH_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a process does.

    Attributes:
        faults: what of it has ended, in words; the process ends with it.
        look_after: called every second.
        stalls: what of it does not go on although every server is there.
        registry: what it counts.
    """

    faults: Callable[[], Sequence[str]]
    look_after: Callable[[], None] = lambda: None
    stalls: Callable[[], Sequence[str]] = tuple
    registry: CollectorRegistry = REGISTRY


@dataclass(frozen=True, slots=True)
class Running:
    """A process at work."""

    parts: Sequence[Part]

    def faults(self) -> list[str]:
        """What is broken in any part."""
        return [fault for part in self.parts for fault in part.faults()]

    def wait(self, asked_to_stop: Callable[[], bool]) -> None:
        """Until somebody asks for it.

        Raises:
            PermanentError: `part_ended`: without it the process is of no use.
        """
        while not asked_to_stop():
            if faults := self.faults():
                raise PermanentError("part_ended", f"{', '.join(faults)}; the log says why.")
            for part in self.parts:
                part.look_after()
            time.sleep(_LOOK_SECONDS)


@contextmanager
def running_worker(
    settings: Settings, asked: Sequence[str] | None, processes: int
) -> Iterator[Running]:
    """Do work of these `KINDS` while the block lasts: steps run in processes of their own, people
    are told by this one.

    Args:
        asked: None: all that this host can do.

    Raises:
        InvalidInputError: `unknown_queue`, `needs_broker`.
        PermanentError: `no_training_environment`.
        TrackloopError: what a server or a setting refuses.
    """
    if asked is not None:
        check_kinds(asked)
    needs_broker(settings)
    refuse_bad_settings(settings)
    kinds = able_kinds(settings, asked)
    queues = queues_of_kinds(kinds)
    with ExitStack() as held:
        database = held.enter_context(closing(prepare(settings.database_url, settings.migrations)))
        parts = []
        if queues:
            parts.append(held.enter_context(_steps(settings, database, queues, processes)))
        if NOTIFICATION in kinds:
            told = held.enter_context(running_notifications(database, settings))
            parts.append(Part(lambda: [f"{name} ended" for name in told.dead]))
        yield held.enter_context(_watched(settings, parts))


@contextmanager
def running_beat(settings: Settings) -> Iterator[Running]:
    """Send what was committed, hear events, ring what was lost, while the block lasts.

    Raises:
        InvalidInputError: `needs_broker`.
        TrackloopError: what a server or a setting refuses.
    """
    needs_broker(settings)
    refuse_bad_settings(settings)
    with (
        closing(prepare(settings.database_url, settings.migrations)) as database,
        open_board(settings.redis_url) as board,
        workers_on_duty(settings, database, board) as room,
        _watched(settings, [Part(lambda: [f"{name} ended" for name in room.dead])]) as running,
    ):
        yield running


def needs_broker(settings: Settings) -> None:
    """Go on only where messages leave the process.

    Raises:
        InvalidInputError: `needs_broker`.
    """
    if settings.broker_url.startswith("memory:"):
        raise InvalidInputError(
            "needs_broker",
            "TRACKLOOP_BROKER_URL: memory:// reaches no other process; "
            "set amqp://… or start everything in one process with `trackloop up`.",
        )


@contextmanager
def _steps(
    settings: Settings, database: Database, queues: Sequence[str], processes: int
) -> Iterator[Part]:
    cache = HostCache(settings, database)
    with (
        step_process(settings, queues, processes) as steps,
        present(database, queues, processes, Times()),
    ):

        def look_after() -> None:
            steps.end_stuck_children()
            cache.tidy_now_and_then()

        yield Part(steps.faults, look_after, steps.stalls, steps.registry)


@contextmanager
def _watched(settings: Settings, parts: Sequence[Part]) -> Iterator[Running]:
    running, away, asked = Running(parts), dict[str, str](), float("-inf")

    def condition() -> Condition:
        """Asks the servers every few seconds at most, however often it is asked."""
        nonlocal away, asked
        if time.monotonic() - asked > _FRESH_SECONDS:
            away, asked = servers_away(settings), time.monotonic()
        stalls = [] if away else [stall for part in parts for stall in part.stalls()]
        return Condition((*running.faults(), *stalls), away)

    host, port = settings.metrics_host, settings.metrics_port
    with monitored(host, port, condition, parts[0].registry):
        yield running
