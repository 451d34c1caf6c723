"""What of an event matters to those who want to hear of it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from shared.db.notification_tables import RuleRow
from shared.domain.notification import Outcome
from shared.events.envelope import Event, EventData
from shared.events.labeling import DatasetPrepared, LabelingCompleted, LabelingRequested
from shared.events.model import (
    ModelConversionCompleted,
    ModelDeployed,
    ModelJudged,
    ModelTrainingCompleted,
)
from shared.events.results import ResultsUploaded
from shared.events.task import (
    StepCompleted,
    TaskCancelled,
    TaskFailed,
    TaskSubmitted,
    TaskSucceeded,
)
from shared.events.video import VideoDownloaded

OUTCOMES: Mapping[type[EventData], Outcome] = {
    TaskSubmitted: Outcome.SUBMITTED,
    VideoDownloaded: Outcome.DOWNLOADED,
    StepCompleted: Outcome.COMPLETED,
    ResultsUploaded: Outcome.UPLOADED,
    LabelingRequested: Outcome.REQUESTED,
    LabelingCompleted: Outcome.LABELLED,
    DatasetPrepared: Outcome.PREPARED,
    ModelTrainingCompleted: Outcome.TRAINED,
    ModelConversionCompleted: Outcome.CONVERTED,
    ModelJudged: Outcome.JUDGED,
    ModelDeployed: Outcome.DEPLOYED,
    TaskSucceeded: Outcome.SUCCEEDED,
    TaskFailed: Outcome.FAILED,
    TaskCancelled: Outcome.CANCELLED,
}
"""Every event that people can hear of."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One event as rules see it.

    Attributes:
        step: which it is about; None where it is about the task.
        code: of the error that it reports.
    """

    event: Event[EventData]
    outcome: Outcome
    step: str | None
    code: str | None

    @property
    def user_id(self) -> str:
        """Whose task it is."""
        return self.event.data.user_id


def notice_of(event: Event[EventData]) -> Notice:
    """The same, of an event that is one of `OUTCOMES`."""
    data = event.data
    return Notice(
        event, OUTCOMES[type(data)], getattr(data, "step", None), getattr(data, "code", None)
    )


def wants(rule: RuleRow, notice: Notice) -> bool:
    """Whether the rule's receiver is to hear of it; of nothing that was before the rule."""
    return (
        rule.enabled
        and rule.created_at <= notice.event.time
        and _is_about(rule, notice.user_id)
        and (not rule.steps or notice.step in rule.steps)
        and (not rule.outcomes or notice.outcome in rule.outcomes)
    )


def sameness(notice: Notice) -> str:
    """Equal for two notices that tell one receiver the same."""
    event = notice.event
    said = (notice.user_id, event.subject, event.type, notice.step, notice.outcome, notice.code)
    return hashlib.sha256(orjson.dumps(said)).hexdigest()


def _is_about(rule: RuleRow, user_id: str) -> bool:
    if rule.owner is not None:
        return rule.owner == user_id
    return not rule.users or user_id in rule.users
