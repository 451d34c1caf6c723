"""When a message is taken for lost, and when it may well be queued."""

from datetime import timedelta

import pytest

from shared.db.steps import QueueActivity
from shared.domain.step import StepState
from shared.messaging.reconciler import Reason, reason_to_ring
from shared.pipeline.times import Times
from tests.support.rows import NOW, step_row

TIMES = Times()


def _ago(seconds: float | None) -> object:
    return None if seconds is None else NOW - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("rung", "served", "claimed_rung", "reason"),
    [
        (1, None, None, None),
        (29, None, None, None),
        (30, None, None, Reason.SILENT),
        (300, 29, None, None),
        (300, 30, None, Reason.SILENT),
        (29, 500, None, None),
        (300, 0, 301, None),
        (300, 0, 291, None),
        (300, 0, 289, Reason.OVERTAKEN),
        (599, 0, 700, None),
        (600, 0, 700, Reason.OLD),
        (None, 0, None, Reason.OLD),
    ],
)
def test_a_ready_step(
    rung: float | None, served: float | None, claimed_rung: float | None, reason: Reason | None
) -> None:
    """Seconds ago: its own ring, the queue's last sign of life, the latest ring claimed there."""
    step = step_row("t", rung_at=_ago(rung))
    activity = QueueActivity(_ago(served), _ago(claimed_rung))  # type: ignore[arg-type]
    assert reason_to_ring(step, activity, TIMES, NOW) is reason


@pytest.mark.parametrize(("wait", "reason"), [(1, None), (0, Reason.RESUMED), (-9, Reason.RESUMED)])
def test_a_step_that_was_put_off(wait: float, reason: Reason | None) -> None:
    step = step_row("t", rung_at=_ago(9999), resume_at=NOW + timedelta(seconds=wait))
    assert reason_to_ring(step, QueueActivity(None, None), TIMES, NOW) is reason


def test_a_running_step_is_shown_only_when_its_lease_ran_out() -> None:
    step = step_row("t", state=StepState.RUNNING)
    assert reason_to_ring(step, QueueActivity(NOW, NOW), TIMES, NOW) is Reason.LEASE_LOST


def test_waits_double_up_to_a_limit() -> None:
    waits = [TIMES.resume_after(n).total_seconds() for n in range(1, 9)]
    assert waits == [10, 20, 40, 80, 160, 320, 600, 600]
