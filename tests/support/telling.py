"""Rules, events and the room that tells people, over a real database."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from shared.db.database import Database
from shared.db.notification_tables import DeliveryRow
from shared.domain.notification import Interest
from shared.events.envelope import Event, EventData, compose
from shared.events.task import StepCompleted, TaskFailed
from shared.messaging.consumer import react
from shared.notifications.make_rule import Wish, make_rule
from shared.notifications.webhook import ANYWHERE
from shared.settings import Settings
from workers.notification.attempts import Pace
from workers.notification.main import ROOM, RunningNotifications, running_notifications
from workers.notification.reactions import REACTIONS, is_wanted

QUICK = Pace(lease=3.0, first=0.1, longest=0.3, most_attempts=10_000, look=0.05)


def rule(
    database: Database, channel: str | None = None, *, owner: str | None = None,
    url: str | None = None, **interest: Any,
) -> str:  # fmt: skip
    """A new rule; its id."""
    wish = Wish(owner, Interest(**interest), channel, url)
    with database.begin() as unit:
        return make_rule(unit, wish, [channel or ""], ANYWHERE).id


def failed(task_id: str, step: str = "track", code: str = "broken", user_id: str = "ada") -> Any:
    """A task failed just now."""
    data = TaskFailed(user_id=user_id, step=step, code=code, message="It broke.")
    return compose(data, room="workers", task_id=task_id, correlation_id="c")


def completed(task_id: str, step: str) -> Any:
    """A step was completed just now."""
    data = StepCompleted(user_id="ada", step=step, seconds=1.5)
    return compose(data, room="workers", task_id=task_id, correlation_id="c")


def hear(database: Database, *events: Event[EventData]) -> None:
    """What the room does with events that the broker brings."""
    for event in events:
        if is_wanted(database, event):
            react(database, ROOM, REACTIONS, event)


def deliveries(database: Database, **asked: Any) -> Sequence[DeliveryRow]:
    """Every one, oldest first."""
    with database.read() as unit:
        return list(
            reversed(unit.deliveries.page(None, limit=1000, **({"everybody": True} | asked)))
        )


def states(database: Database) -> list[str]:
    """Of every delivery, oldest first."""
    return [row.state for row in deliveries(database)]


@contextmanager
def telling(
    database: Database, channels: Mapping[str, str], *, pace: Pace = QUICK, **settings: Any
) -> Iterator[RunningNotifications]:
    """The whole room, until the block ends."""
    read = Settings(notify_urls=dict(channels), **settings)
    with running_notifications(
        database, read, service_url="http://trackloop.example", pace=pace
    ) as running:
        yield running
