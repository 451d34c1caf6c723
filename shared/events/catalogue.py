"""Every event there is, and how bytes from a broker become one."""

from typing import Any

import orjson
from pydantic import ValidationError

from shared.errors import PermanentError
from shared.events.envelope import Event, EventData
from shared.events.labeling import (
    DatasetPrepared,
    LabelingCompleted,
    LabelingConfirmed,
    LabelingRequested,
)
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

CATALOGUE: dict[str, type[EventData]] = {
    data.TYPE: data
    for data in (
        TaskSubmitted, TaskSucceeded, TaskFailed, TaskCancelled,
        StepCompleted, VideoDownloaded, ResultsUploaded,
        LabelingRequested, LabelingConfirmed, LabelingCompleted, DatasetPrepared,
        ModelTrainingCompleted, ModelConversionCompleted, ModelJudged, ModelDeployed,
    )
}  # fmt: skip


class UnreadableEventError(PermanentError):
    """A message on the event exchange is no event that this version knows."""


def read_event(body: bytes) -> Event[EventData]:
    """Read an event; fields that a later version added are passed over.

    Raises:
        UnreadableEventError: `unreadable_event`.
    """
    try:
        named = orjson.loads(body)
        data = CATALOGUE[named["type"]]
        envelope: Any = Event[data]  # type: ignore[valid-type]
        event: Event[EventData] = envelope.model_validate(named, extra="ignore", strict=False)
    except (orjson.JSONDecodeError, KeyError, TypeError, ValidationError) as error:
        raise UnreadableEventError(
            "unreadable_event", f"An event cannot be read: {type(error).__name__}: {error}"[:500]
        ) from error
    return event
