"""Which rule wants which event, and which two events say the same."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.db.notification_tables import RuleRow
from shared.domain.notification import Outcome
from shared.events.catalogue import CATALOGUE
from shared.events.envelope import Event, EventData, compose
from shared.events.labeling import LabelingConfirmed
from shared.events.task import StepCompleted, TaskCancelled, TaskFailed, TaskSubmitted
from shared.notifications.notice import OUTCOMES, Notice, notice_of, sameness, wants
from tests.support.rows import NOW

FAILED = TaskFailed(user_id="ada", step="track", code="broken", message="It broke.")


def _notice(data: EventData = FAILED, task_id: str = "t") -> Notice:
    event: Event[EventData] = compose(data, room="r", task_id=task_id, correlation_id="c")
    return notice_of(event)


def _rule(**fields: Any) -> RuleRow:
    known: dict[str, Any] = {
        "owner": None, "steps": [], "outcomes": [], "users": [], "enabled": True, "created_at": NOW,
    }  # fmt: skip
    return RuleRow(**(known | fields))


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"owner": "ada"}, True),
        ({"owner": "bob"}, False),
        ({"owner": "bob", "users": ["ada"]}, False),
        ({"users": ["bob", "ada"]}, True),
        ({"users": ["bob"]}, False),
        ({"steps": ["track"]}, True),
        ({"steps": ["detect"]}, False),
        ({"outcomes": ["failed"]}, True),
        ({"outcomes": ["succeeded", "completed"]}, False),
        ({"steps": ["track"], "outcomes": ["failed", "completed"]}, True),
    ],
)
def test_a_rule_wants_what_it_names(fields: dict[str, Any], wanted: bool) -> None:
    assert wants(_rule(**fields), _notice()) is wanted


def test_what_was_before_a_rule_is_not_told() -> None:
    notice = _notice()
    assert wants(_rule(created_at=notice.event.time), notice)
    assert not wants(_rule(created_at=notice.event.time + timedelta(seconds=1)), notice)


def test_a_rule_for_a_step_hears_of_no_whole_task() -> None:
    submitted = _notice(TaskSubmitted(user_id="ada", options={}))
    assert wants(_rule(), submitted)
    assert not wants(_rule(steps=["track"]), submitted)
    cancelled = _notice(TaskCancelled(user_id="ada", step="track", code="cancelled", message="."))
    assert wants(_rule(steps=["track"]), cancelled)


def test_every_event_can_be_heard_of() -> None:
    assert set(OUTCOMES) == set(CATALOGUE.values()) - {LabelingConfirmed}, "a call between rooms"
    assert set(OUTCOMES.values()) == set(Outcome)


def test_the_same_is_the_same_step_code_task_and_user() -> None:
    first, again = _notice(), _notice()
    assert first.event.id != again.event.id
    assert sameness(first) == sameness(again)
    others = [
        _notice(FAILED.model_copy(update=change))
        for change in ({"step": "detect"}, {"code": "other"}, {"user_id": "bob"})
    ]
    others += [
        _notice(task_id="another"),
        _notice(StepCompleted(user_id="ada", step="track", seconds=1)),
        replace(first, outcome=Outcome.CANCELLED),
    ]
    assert len({sameness(notice) for notice in (first, *others)}) == 1 + len(others)
