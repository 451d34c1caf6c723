"""What the workers do with the events they hear, as one table. A reaction only writes rows."""

from datetime import UTC, datetime

from shared.db.unit_of_work import Unit
from shared.events.envelope import Event, EventData
from shared.events.task import TaskSubmitted
from shared.messaging.consumer import Reactions
from shared.pipeline.begin import begin_task
from workers.pipeline import PIPELINES


def _begin(unit: Unit, event: Event[EventData]) -> None:
    begin_task(unit, event.subject, PIPELINES, datetime.now(UTC))


REACTIONS: Reactions = {
    TaskSubmitted: _begin,
}
