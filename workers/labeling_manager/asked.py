"""What people are asked, read from what was proposed to them."""

from shared.domain.task import LabelingOptions, Task
from shared.errors import PermanentError
from shared.labeling.port import LabelRequest
from shared.labels.proposals import Proposals
from shared.storage.documents import read_document
from shared.storage.paths import Paths


def analysed(task: Task[LabelingOptions]) -> str:
    """The task whose video it is.

    Raises:
        PermanentError: `no_analysis`.
    """
    if task.parent is None:
        raise PermanentError(
            "no_analysis", "The task names no analysis whose frames to label; ask by its id."
        )
    return task.parent


def label_request(paths: Paths, task: Task[LabelingOptions]) -> LabelRequest:
    """The chosen pictures of a task with the boxes of its model."""
    proposed = read_document(paths.proposals(task.id), Proposals)
    return LabelRequest(
        task_id=task.id,
        project=task.options.project,
        classes=proposed.labels.classes,
        pictures=proposed.labels.pictures,
        folder=paths.chosen(task.id),
        model=proposed.model,
    )
