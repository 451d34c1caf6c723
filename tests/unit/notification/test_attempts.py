"""A try is claimed once and accounted for once; waits double; what is hopeless ends."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.db.database import Database
from shared.db.deliveries import Busy
from shared.db.notification_tables import DeliveryRow
from shared.domain.notification import DeliveryState
from shared.errors import PermanentError, TrackloopError, TransientError
from shared.notifications.port import ReceiverGoneError
from shared.notifications.retry import retry_delivery
from tests.support.rows import stored_task
from tests.support.telling import completed, deliveries, failed, hear, rule
from workers.notification.attempts import Job, Pace, claim_next, finish
from workers.notification.lanes import Lanes

PACE = Pace()
BUSY = TransientError("receiver_busy", "busy")
WRONG = PermanentError("receiver_refused", "wrong")
GONE = ReceiverGoneError("receiver_gone", "gone")


def _claim(database: Database, now: datetime, busy: Busy | None = None) -> Job | None:
    with database.begin() as unit:
        return claim_next(unit, busy or Busy(), PACE, now)


def _finish(database: Database, job: Job, error: TrackloopError | None, now: datetime) -> None:
    with database.begin() as unit:
        finish(unit, job, error, PACE, now)


def _try(database: Database, error: TrackloopError | None, now: datetime) -> DeliveryRow:
    job = _claim(database, now)
    assert job is not None
    _finish(database, job, error, now)
    (row,) = deliveries(database)
    return row


@pytest.fixture
def told(database: Database) -> Database:
    """With one message to send."""
    rule(database, "hook")
    hear(database, failed(stored_task(database)))
    return database


def test_waits_double_up_to_an_hour_and_fill_a_day() -> None:
    waits = [PACE.wait_after(n).total_seconds() for n in range(1, PACE.most_attempts)]
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == waits[-1] == 3600
    assert 23 * 3600 < sum(waits) < 25 * 3600


def test_a_message_is_claimed_by_one_until_its_lease_ends(told: Database) -> None:
    now = datetime.now(UTC)
    first = _claim(told, now)
    assert first is not None
    assert _claim(told, now + timedelta(seconds=PACE.lease - 1)) is None
    later = now + timedelta(seconds=PACE.lease)
    second = _claim(told, later)
    assert second is not None
    _finish(told, first, None, later)
    assert deliveries(told)[0].state == DeliveryState.SENDING, "the fence has risen"
    _finish(told, second, None, later)
    row = deliveries(told)[0]
    assert (row.state, row.attempts, row.due_at) == (DeliveryState.SENT, 2, None)


def test_what_fails_for_a_day_is_dead(told: Database) -> None:
    now = datetime.now(UTC)
    for attempt in range(1, PACE.most_attempts):
        row = _try(told, BUSY, now)
        assert (row.state, row.attempts) == (DeliveryState.WAITING, attempt)
        assert row.due_at is not None
        assert _claim(told, row.due_at - timedelta(seconds=1)) is None
        now = row.due_at
    row = _try(told, BUSY, now)
    assert (row.state, row.due_at, row.error_code) == (DeliveryState.DEAD, None, "receiver_busy")


def test_what_is_refused_is_dead_after_a_few_tries(told: Database) -> None:
    now = datetime.now(UTC)
    for error in (BUSY, BUSY, *[WRONG] * (PACE.most_refusals - 1)):
        row = _try(told, error, now)
        assert row.state == DeliveryState.WAITING
        assert row.due_at is not None
        now = row.due_at
    assert _try(told, WRONG, now).state == DeliveryState.DEAD


def test_who_is_gone_is_not_asked_again(told: Database) -> None:
    now = datetime.now(UTC)
    assert _try(told, GONE, now).state == DeliveryState.DEAD
    with told.begin() as unit:
        assert unit.rules.enabled() == []
        retry_delivery(unit, deliveries(told)[0].id, None)
    assert _claim(told, datetime.now(UTC)) is None
    assert deliveries(told)[0].error_code == "rule_over"


def test_senders_that_die_again_and_again_end_it(told: Database) -> None:
    now = datetime.now(UTC)
    for _ in range(PACE.most_attempts):
        assert _claim(told, now) is not None
        now += timedelta(seconds=PACE.lease)
    assert _claim(told, now) is None
    assert deliveries(told)[0].error_code == "sender_lost"


def test_a_receiver_that_answers_again_is_sent_the_rest_at_once(database: Database) -> None:
    task_id, now = stored_task(database), datetime.now(UTC)
    for name in ("back", "away"):
        rule(database, name)
    hear(database, completed(task_id, "first"), completed(task_id, "second"))
    soon = datetime.now(UTC)
    jobs = [_claim(database, soon) for _ in range(4)]
    for job in jobs:
        assert job is not None
        _finish(database, job, BUSY, now + timedelta(hours=1))
    later = now + timedelta(hours=2)
    again = _claim(database, later, Busy(lanes=["channel:away"]))
    assert again is not None
    _finish(database, again, None, now)
    due = {row.lane: row.due_at for row in deliveries(database) if row.due_at}
    assert due["channel:back"] == now
    assert due["channel:away"] > now


def test_lanes_that_are_full_are_passed_over() -> None:
    lanes = Lanes()
    lanes.enter("channel:ops")
    lanes.enter("owner:ada")
    assert lanes.busy() == Busy(["channel:ops"])
    for _ in range(3):
        lanes.enter("owner:ada")
    assert lanes.busy() == Busy(["channel:ops", "owner:ada"])
    lanes.leave("channel:ops")
    for number in range(8):
        lanes.enter(f"owner:{number}")
    assert lanes.busy() == Busy(["owner:ada"], "owner:"), "all owners together"
    lanes.leave("owner:ada")
    assert lanes.busy() == Busy([])


def test_a_busy_lane_is_not_claimed_from(database: Database) -> None:
    task_id = stored_task(database)
    rule(database, "ops")
    rule(database, owner="ada", url="https://hooks.example/x")
    hear(database, failed(task_id))
    now = datetime.now(UTC)
    with database.read() as unit:
        assert unit.deliveries.next_due(Busy(["channel:ops"], "owner:")) is None
        assert unit.deliveries.next_due(Busy()) is not None
    job = _claim(database, now, Busy(["channel:ops"]))
    assert job is not None
    assert job.lane == "owner:ada"
    assert _claim(database, now, Busy(prefix="channel:")) is None
