"""The loop as one table: what follows when a phase of it has ended.

    results.uploaded ─▶ labeling, where the analysis asks for it
    dataset.prepared ─▶ training, where a model is wanted
    model.training.completed ─▶ deployment: only a better model goes live
    model.deployed ─▶ reanalysis of the first video, which asks for no labels again

Each phase is a task of its own, which goes on with the files of the one before.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial

from pydantic import ValidationError

from shared.db.tables import TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.labeling import PIPELINE
from shared.domain.task import (
    PICTURES_TO_LABEL,
    AnalysisOptions,
    AnyTask,
    DeploymentOptions,
    LabelingOptions,
    Options,
    TaskState,
    TrainingOptions,
)
from shared.events.envelope import Event, EventData, new_id
from shared.events.labeling import DatasetPrepared
from shared.events.model import ModelDeployed, ModelTrainingCompleted
from shared.events.results import ResultsUploaded
from shared.messaging.consumer import Reactions
from shared.tasks.ending import fail_task
from shared.tasks.submit import Submission, submit_task

log = logging.getLogger(__name__)

ROOM = "conductor"


@dataclass(frozen=True, slots=True)
class Phase:
    """What comes next.

    Attributes:
        pipeline: of the new task.
        options: of the new task, from the one whose event was heard, the event, and the row of the
            task with which the loop began; None where the loop ends.
        of_root: the new task goes on with the files of the first one, not of the last.
    """

    pipeline: str
    options: Callable[[AnyTask, EventData, TaskRow], Options | None]
    of_root: bool = False


def _labels(task: AnyTask, _: EventData, __: TaskRow) -> Options | None:
    options = task.options
    if not isinstance(options, AnalysisOptions) or options.loop == "none":
        return None
    number = options.num_frames or PICTURES_TO_LABEL
    return LabelingOptions(options, number, project=options.project, train=options.loop == "full")


def _training(task: AnyTask, _: EventData, __: TaskRow) -> Options | None:
    options = task.options
    if not isinstance(options, LabelingOptions) or not options.train:
        return None
    return TrainingOptions(task.id, options.analysis.model, options.analysis.training, deploy=True)


def _deployment(task: AnyTask, _: EventData, __: TaskRow) -> Options | None:
    options = task.options
    if not isinstance(options, TrainingOptions) or not options.deploy:
        return None
    return DeploymentOptions(task.id, options.dataset, options.model)


def _reanalysis(_: AnyTask, event: EventData, root: TaskRow) -> Options | None:
    first = domain_task(root).options
    if not isinstance(first, AnalysisOptions) or not isinstance(event, ModelDeployed):
        return None
    if first.loop != "full":
        return None
    # Thresholds that suited the old model need not suit the new one.
    return replace(first, model=event.model, loop="none", confidence=None, iou=None)


LOOP: Mapping[type[EventData], Phase] = {
    ResultsUploaded: Phase(PIPELINE, _labels),
    DatasetPrepared: Phase("training", _training),
    ModelTrainingCompleted: Phase("deployment", _deployment),
    ModelDeployed: Phase("reanalysis", _reanalysis, of_root=True),
}


def _go_on(phase: Phase, unit: Unit, event: Event[EventData]) -> None:
    # Locked, so that whoever cancels or erases the loop comes before or after; a doubled event
    # ends at the inbox.
    locked = unit.tasks.lock_in_loop(event.subject)
    if locked is None or any(row.erase_requested_at is not None for row in locked):
        return
    task, root = locked
    if task.cancel_requested:
        return
    try:
        options = phase.options(domain_task(task), event.data, root)
    except ValidationError as error:
        log.error("%s: what follows %s is not known: %s", task.id, event.type, error)
        _fail(phase, unit, task, root)
        return
    if options is not None:
        submit_task(unit, _submission(phase, task, root, options), room=ROOM)


def _submission(phase: Phase, task: TaskRow, root: TaskRow, options: Options) -> Submission:
    parent = root if phase.of_root else task
    return Submission(
        task.owner, task.source, options, phase.pipeline, correlation_id=task.correlation_id,
        parent_id=parent.id, root_id=root.id,
    )  # fmt: skip


def _fail(phase: Phase, unit: Unit, task: TaskRow, root: TaskRow) -> None:
    """The loop says that it ends here: whoever waits for this phase would wait for ever."""
    now = datetime.now(UTC)
    row = TaskRow(
        id=new_id(), parent_id=root.id if phase.of_root else task.id, root_id=root.id,
        owner=task.owner, pipeline=phase.pipeline, source=task.source, options={},
        state=TaskState.QUEUED, request_digest="", correlation_id=task.correlation_id,
        created_at=now,
    )  # fmt: skip
    unit.tasks.add(row)
    fail_task(
        unit, row, step="submit", code="invalid_options", room=ROOM, now=now,
        message=f"Options of task {task.id} or {root.id} are not those of this version, so nothing "
        "follows it; submit the video again.",
    )  # fmt: skip


CONDUCTOR: Reactions = {heard: partial(_go_on, phase) for heard, phase in LOOP.items()}
