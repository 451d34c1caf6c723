"""Ask people for the labels of an analysed video."""

from dataclasses import dataclass

from shared.db.tables import TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.labeling import PIPELINE
from shared.domain.task import (
    LIVE_TASKS,
    AnalysisOptions,
    LabelingOptions,
    TaskState,
)
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.tasks.cancel import no_such_task
from shared.tasks.submit import Submission


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Attributes:
        folder: where the pictures lie, `frames/{task_id}`; None has frames chosen.
    """

    task_id: str
    folder: str | None
    num_frames: int
    project: str


def labels_of(unit: Unit, owner: str, wish: Wish, idempotency_key: str | None = None) -> Submission:
    """The labelling of a task's frames, to be submitted.

    Raises:
        NotFoundError: `no_such_task`, `no_such_folder`.
        InvalidInputError: `bad_folder`.
        ConflictError: `not_analysed`, `labeling_exists`.
    """
    row = unit.tasks.owned(owner, wish.task_id)
    if row is None:
        raise no_such_task(wish.task_id)
    analysis = _analysis(row)
    if wish.folder is not None:
        _check_folder(wish.folder, row.id, analysis)
    if idempotency_key is None or unit.tasks.by_key(owner, idempotency_key) is None:
        _check_only_one(unit, row)
    options = LabelingOptions(
        analysis, wish.num_frames, "chosen" if wish.folder is None else "extracted",
        wish.project,
    )  # fmt: skip
    root = row.root_id or row.id
    return Submission(
        owner, row.source, options, PIPELINE, idempotency_key, parent_id=row.id, root_id=root
    )


def _analysis(row: TaskRow) -> AnalysisOptions:
    options = domain_task(row).options
    if row.state != TaskState.SUCCEEDED or not isinstance(options, AnalysisOptions):
        raise ConflictError(
            "not_analysed",
            f"task_id: task {row.id} is no analysis that succeeded; name one that is, or wait.",
        )
    return options


def _check_folder(folder: str, task_id: str, analysis: AnalysisOptions) -> None:
    extracted = f"frames/{task_id}"
    if folder.strip("/") != extracted:
        raise InvalidInputError(
            "bad_folder",
            f"folder_path: {folder} holds no pictures of task {task_id}; give {extracted}, or "
            "leave it out to have frames chosen.",
        )
    if analysis.num_frames == 0 or analysis.loop != "none":
        raise NotFoundError(
            "no_such_folder",
            f"folder_path: task {task_id} extracted no frames; leave it out to have some chosen.",
        )


def _check_only_one(unit: Unit, row: TaskRow) -> None:
    """Two projects with the same pictures would be labelled twice."""
    for phase in unit.tasks.phases(row.root_id or row.id):
        if (phase.pipeline, phase.parent_id) == (PIPELINE, row.id) and phase.state in LIVE_TASKS:
            raise ConflictError(
                "labeling_exists",
                f"task_id: frames of task {row.id} are being labelled by task {phase.id}; wait for "
                "it, or cancel it.",
            )
