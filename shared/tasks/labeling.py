"""What an owner may know of the labelling of a task."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.labeling import COLLECT, PIPELINE, REQUEST, RequestedLabels
from shared.domain.step import StepState
from shared.domain.task import LIVE_TASKS, TaskState
from shared.errors import NotFoundError
from shared.events.labeling import LabelingConfirmed
from shared.tasks.cancel import no_such_task
from shared.tasks.ending import announce
from shared.tasks.status import Fault, fault_of
from shared.tasks.submit import ROOM

_READER = TypeAdapter(RequestedLabels)


@dataclass(frozen=True, slots=True)
class LabelingStatus:
    """Labels at one moment.

    Attributes:
        task_id: of the labelling.
        analysed_task_id: with whose results it goes on, if with any.
        requested: None until the pictures lie in the tool.
        labelled: pictures that people were done with when somebody last looked.
    """

    task_id: str
    analysed_task_id: str | None
    state: TaskState
    requested: RequestedLabels | None
    labelled: int
    error: Fault | None


def find_labeling(unit: Unit, owner: str, task_id: str) -> TaskRow:
    """The labelling with this id, or the last one of frames of the analysis with this id.

    Raises:
        NotFoundError: `no_such_task`, `no_labeling`.
    """
    row = unit.tasks.owned(owner, task_id)
    if row is None:
        raise no_such_task(task_id)
    if row.pipeline == PIPELINE:
        return row
    phases = [
        phase
        for phase in unit.tasks.phases(row.root_id or row.id)
        if (phase.pipeline, phase.parent_id) == (PIPELINE, row.id)
    ]
    if not phases:
        raise NotFoundError(
            "no_labeling",
            f"Nobody was asked to label frames of task {task_id}; ask by POST /labeling.",
        )
    return phases[-1]


def labeling_status(unit: Unit, owner: str, task_id: str) -> LabelingStatus:
    """How far people are.

    Raises:
        NotFoundError: `no_such_task`, `no_labeling`.
    """
    row = find_labeling(unit, owner, task_id)
    requested, collected = requested_labels(unit, row.id), _output(unit, row.id, COLLECT)
    return LabelingStatus(
        row.id, row.parent_id, TaskState(row.state), requested,
        int(collected.get("labelled", 0)), fault_of(row),
    )  # fmt: skip


def confirm_labels(unit: Unit, task_id: str) -> None:
    """Have somebody look at once whether people are done."""
    row = unit.tasks.lock(task_id)
    if row is not None and row.state in LIVE_TASKS:
        announce(unit, row, LabelingConfirmed(user_id=row.owner), room=ROOM)


def look_soon(unit: Unit, task_id: str, now: datetime) -> None:
    """Have somebody look as soon as the reconciler comes by, whoever asks how often.

    A tool says so for each picture that is labelled: an event each would be thousands.
    """
    row = unit.tasks.lock(task_id)
    if row is None or row.state not in LIVE_TASKS:
        return
    for step in unit.steps.of(task_id):
        waits = step.name == COLLECT and step.state == StepState.READY
        if waits and step.resume_at is not None:
            step.resume_at = min(step.resume_at, now)


def requested_labels(unit: Unit, task_id: str) -> RequestedLabels | None:
    """What the tool was asked for; None where it was asked for nothing yet."""
    output = _output(unit, task_id, REQUEST)
    return _READER.validate_python(output) if output else None


def _output(unit: Unit, task_id: str, name: str) -> dict[str, Any]:
    outputs = (step.output for step in unit.steps.of(task_id) if step.name == name)
    return next(outputs, None) or {}
