"""What the workers do with the events they hear, as one table. A reaction only writes rows."""

from datetime import UTC, datetime

from shared.db.unit_of_work import Unit
from shared.events.envelope import Event, EventData
from shared.events.labeling import LabelingConfirmed
from shared.events.task import TaskSubmitted
from shared.messaging.consumer import Reactions
from shared.pipeline.begin import begin_task
from shared.pipeline.ring import ring_waiting
from workers.conductor import CONDUCTOR
from workers.labeling_manager.collect_labels import collect_labels
from workers.pipeline import PIPELINES


def _begin(unit: Unit, event: Event[EventData]) -> None:
    begin_task(unit, event.subject, PIPELINES, datetime.now(UTC))


def _look_for_labels(unit: Unit, event: Event[EventData]) -> None:
    ring_waiting(unit, event.subject, collect_labels.__name__, PIPELINES, datetime.now(UTC))


REACTIONS: Reactions = {
    TaskSubmitted: _begin,
    LabelingConfirmed: _look_for_labels,
    **CONDUCTOR,
}
