"""One try to send a message: claimed before, accounted for after; each is one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.db.deliveries import Busy
from shared.db.notification_tables import DeliveryRow, RuleRow
from shared.db.unit_of_work import Unit
from shared.domain.notification import DeliveryState, Priority
from shared.errors import TrackloopError, TransientError
from shared.notifications.port import ReceiverGoneError
from workers.notification.lanes import is_channel


@dataclass(frozen=True, slots=True)
class Pace:
    """Every duration and number of tries, in seconds.

    Attributes:
        lease: how long a sender is believed to be at it; longer than any channel takes.
        first, longest: wait after the first failure, which doubles, and the longest wait.
        most_attempts: tries after which it is given up; with the waits, a day.
        most_refusals: of them, those that the receiver may refuse as wrong.
        look: how often to ask for what other processes wrote, or what has fallen due.
        stop: how long to wait at the end for what is under way.
    """

    lease: float = 120.0
    first: float = 5.0
    longest: float = 3600.0
    most_attempts: int = 33
    most_refusals: int = 5
    look: float = 1.0
    stop: float = 10.0

    def wait_after(self, attempts: int) -> timedelta:
        """The wait after so many tries."""
        doubled = self.first * 2 ** min(attempts - 1, 30)
        return timedelta(seconds=min(doubled, self.longest))


@dataclass(frozen=True, slots=True)
class Job:
    """The right to send one message, until the lease ends.

    Attributes:
        channel: name of the deployment's; None: the webhook at `url`, signed by `secret`.
    """

    id: str
    fence: int
    lane: str
    event: Mapping[str, Any] = field(repr=False)
    about: str
    priority: Priority
    channel: str | None
    url: str | None = field(repr=False)
    secret: str | None = field(repr=False)


def claim_next(unit: Unit, busy: Busy, pace: Pace, now: datetime) -> Job | None:
    """Take the message that has been due for longest; None where there is none to send."""
    while row := unit.deliveries.take_due(busy, now):
        rule = unit.rules.get(row.rule_id)
        if rule is None or not rule.enabled:
            _end(row, DeliveryState.DEAD, now)
            row.error_code, row.error_message = "rule_over", "Its rule is removed or switched off."
        elif row.attempts >= pace.most_attempts:  # its senders died, or it kills them
            _end(row, DeliveryState.DEAD, now)
            row.error_code, row.error_message = "sender_lost", "Its senders died at it; try again."
        else:
            return _take(row, rule, pace, now)
    return None


def finish(unit: Unit, job: Job, error: TrackloopError | None, pace: Pace, now: datetime) -> bool:
    """Keep how it went; nothing where somebody claimed it since, or the task was erased.

    Returns:
        Whether it is given up now.
    """
    row = unit.deliveries.held(job.id, job.fence)
    if row is None:
        return False
    if error is None:
        _sent(unit, row, now)
        return False
    row.error_code, row.error_message = error.code, error.message
    row.refusals += not isinstance(error, TransientError)
    if isinstance(error, ReceiverGoneError):
        _switch_off(unit, row)
    if _is_hopeless(row, error, pace):
        _end(row, DeliveryState.DEAD, now)
        return True
    row.state, row.due_at = DeliveryState.WAITING, now + pace.wait_after(row.attempts)
    return False


def _take(row: DeliveryRow, rule: RuleRow, pace: Pace, now: datetime) -> Job:
    row.state, row.due_at = DeliveryState.SENDING, now + timedelta(seconds=pace.lease)
    row.fence += 1
    row.attempts += 1
    return Job(
        row.id, row.fence, row.lane, row.event, row.about, Priority(rule.priority),
        rule.channel, rule.url, rule.secret,
    )  # fmt: skip


def _sent(unit: Unit, row: DeliveryRow, now: datetime) -> None:
    _end(row, DeliveryState.SENT, now)
    row.error_code = row.error_message = None
    if row.attempts > 1:
        shared = is_channel(row.lane)  # by all rules that name it; else the rule has its own
        unit.deliveries.hurry(now, lane=row.lane, rule_id=None if shared else row.rule_id)


def _switch_off(unit: Unit, row: DeliveryRow) -> None:
    rule = unit.rules.get(row.rule_id)
    if rule is not None:
        rule.enabled = False


def _is_hopeless(row: DeliveryRow, error: TrackloopError, pace: Pace) -> bool:
    return (
        isinstance(error, ReceiverGoneError)
        or row.attempts >= pace.most_attempts
        or row.refusals >= pace.most_refusals
    )


def _end(row: DeliveryRow, state: DeliveryState, now: datetime) -> None:
    row.state, row.due_at, row.ended_at = state, None, now
