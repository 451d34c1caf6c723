"""Ask people for labels: of an analysed video, or of pictures from elsewhere."""

from dataclasses import dataclass, field

from shared.db.tables import TaskRow
from shared.db.tasks import domain_task
from shared.db.unit_of_work import Unit
from shared.domain.labeling import PIPELINE
from shared.domain.task import (
    AnalysisOptions,
    FrameOptions,
    Frames,
    LabelingOptions,
    TaskState,
)
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.tasks.cancel import no_such_task
from shared.tasks.phases import live_phases, lock_parent, was_submitted
from shared.tasks.submit import Submission

_REANALYSIS = "reanalysis"
"""The pipeline of a video that is analysed again."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for.

    Attributes:
        task_id: with whose results it goes on; None for pictures from elsewhere alone.
        folder: where the pictures lie, `frames/{task_id}`; None has frames chosen.
        pictures: source of a folder of the owner's area, in place of frames.
        analysis: how pictures are looked at that no analysis has seen.
        own_model: look at pictures of an analysed video so too, not as its analysis did.
    """

    task_id: str | None
    folder: str | None
    num_frames: int
    project: str
    pictures: str | None = None
    analysis: AnalysisOptions = field(default_factory=AnalysisOptions)
    own_model: bool = False


def labels_of(unit: Unit, owner: str, wish: Wish, idempotency_key: str | None = None) -> Submission:
    """The labelling of a task's frames, or of pictures from elsewhere, to be submitted in the same
    transaction.

    Raises:
        NotFoundError: `no_such_task`, `no_such_folder`.
        InvalidInputError: `bad_folder`, `nothing_to_label`.
        ConflictError: `not_analysed`, `labeling_exists`.
    """
    if wish.task_id is None:
        return _of_pictures(owner, wish, idempotency_key)
    row = lock_parent(unit, owner, wish.task_id)
    if row is None:
        raise no_such_task(wish.task_id)
    analysis = _analysis(row, wish)
    if wish.folder is not None:
        _check_folder(wish.folder, row)
    if not was_submitted(unit, owner, idempotency_key):
        _check_only_one(unit, row)
    frames: Frames = "chosen" if wish.folder is None else "extracted"
    options = LabelingOptions(
        analysis, wish.num_frames, "folder" if wish.pictures else frames, wish.project
    )
    root, source = row.root_id or row.id, wish.pictures or row.source
    return Submission(
        owner, source, options, PIPELINE, idempotency_key, parent_id=row.id, root_id=root
    )


def _of_pictures(owner: str, wish: Wish, idempotency_key: str | None) -> Submission:
    """A loop of its own."""
    if wish.pictures is None:
        raise InvalidInputError(
            "nothing_to_label", "Name the task whose frames to label, or a folder of pictures."
        )
    options = LabelingOptions(wish.analysis, wish.num_frames, "folder", wish.project)
    return Submission(owner, wish.pictures, options, PIPELINE, idempotency_key)


def _analysis(row: TaskRow, wish: Wish) -> AnalysisOptions:
    """With which the task's pictures were looked at, or will be."""
    options = domain_task(row).options
    if row.state == TaskState.SUCCEEDED and isinstance(options, AnalysisOptions):
        return wish.analysis if wish.own_model else options
    extracted = wish.folder is not None and isinstance(options, FrameOptions)
    if row.state == TaskState.SUCCEEDED and extracted:
        return wish.analysis
    raise ConflictError(
        "not_analysed",
        f"task_id: task {row.id} is no analysis that succeeded; name one that is, or wait.",
    )


def _check_folder(folder: str, row: TaskRow) -> None:
    options, extracted = domain_task(row).options, f"frames/{row.id}"
    if folder.removesuffix("/") != extracted:
        raise InvalidInputError(
            "bad_folder",
            f"folder_path: {folder} holds no pictures of task {row.id}; give {extracted}, or "
            "leave it out to have frames chosen.",
        )
    if isinstance(options, AnalysisOptions) and not _extracts(row, options):
        raise NotFoundError(
            "no_such_folder",
            f"folder_path: task {row.id} extracted no frames; leave it out to have some chosen.",
        )


def _extracts(row: TaskRow, options: AnalysisOptions) -> bool:
    """A video that is analysed again bears `num_frames` of the first time, and extracts none."""
    return row.pipeline != _REANALYSIS and options.num_frames > 0 and options.loop == "none"


def _check_only_one(unit: Unit, row: TaskRow) -> None:
    """Two projects with the same pictures would be labelled twice."""
    for phase in live_phases(unit, row, PIPELINE):
        raise ConflictError(
            "labeling_exists",
            f"task_id: frames of task {row.id} are being labelled by task {phase.id}; wait for it, "
            "or cancel it.",
        )
