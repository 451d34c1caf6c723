"""The loop as one table: what follows when a phase of it has ended.

    results.uploaded ─▶ labeling, where the analysis asks for it
    dataset.prepared ─▶ training, where a model is wanted
    model.training.completed ─▶ deployment: only a better model goes live
    model.deployed ─▶ reanalysis of the first video, which asks for no labels again

Each phase is a task of its own, which goes on with the files of the one before.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

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
    TrainingOptions,
)
from shared.events.envelope import Event, EventData
from shared.events.labeling import DatasetPrepared
from shared.events.model import ModelDeployed, ModelTrainingCompleted
from shared.events.results import ResultsUploaded
from shared.messaging.consumer import Reactions
from shared.tasks.submit import Submission, submit_task


@dataclass(frozen=True, slots=True)
class Phase:
    """What comes next.

    Attributes:
        pipeline: of the new task.
        options: of the new task, from the one whose event was heard, the event, and the task with
            which the loop began; None where the loop ends.
        of_root: the new task goes on with the files of the first one, not of the last.
    """

    pipeline: str
    options: Callable[[AnyTask, EventData, AnyTask], Options | None]
    of_root: bool = False


def _labels(task: AnyTask, _: EventData, __: AnyTask) -> Options | None:
    options = task.options
    if not isinstance(options, AnalysisOptions) or options.loop == "none":
        return None
    number = options.num_frames or PICTURES_TO_LABEL
    return LabelingOptions(options, number, project=options.project, train=options.loop == "full")


def _training(task: AnyTask, _: EventData, __: AnyTask) -> Options | None:
    options = task.options
    if not isinstance(options, LabelingOptions) or not options.train:
        return None
    return TrainingOptions(task.id, options.analysis.model, options.analysis.training, deploy=True)


def _deployment(task: AnyTask, _: EventData, __: AnyTask) -> Options | None:
    options = task.options
    if not isinstance(options, TrainingOptions) or not options.deploy:
        return None
    return DeploymentOptions(task.id, options.dataset, options.model)


def _reanalysis(_: AnyTask, event: EventData, root: AnyTask) -> Options | None:
    first = root.options
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
    # Locked, so that an erasure comes before or after; a doubled event ends at the inbox.
    task = unit.tasks.lock(event.subject)
    if task is None or task.erase_requested_at is not None:
        return
    root = unit.tasks.get(task.root_id) if task.root_id is not None else task
    if root is None or root.erase_requested_at is not None:
        return
    options = phase.options(domain_task(task), event.data, domain_task(root))
    parent = root if phase.of_root else task
    if options is None:
        return
    submit_task(
        unit,
        Submission(
            task.owner, task.source, options, phase.pipeline,
            correlation_id=task.correlation_id, parent_id=parent.id, root_id=root.id,
        ),
        room="conductor",
    )  # fmt: skip


CONDUCTOR: Reactions = {heard: partial(_go_on, phase) for heard, phase in LOOP.items()}
