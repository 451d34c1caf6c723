"""Waits until people are done, and brings their labels."""

from pydantic import JsonValue

from shared.domain.labeling import RequestedLabels
from shared.domain.task import LabelingOptions, Task
from shared.errors import InvalidInputError
from shared.labels.check import check_labels
from shared.labels.coco import write_coco
from shared.labels.yolo import write_yolo
from shared.pipeline.step import NotYetError, Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.files import publishing_folder
from workers.labeling_manager.asked import label_request


def collect_labels(tools: Tools, task: Task[LabelingOptions]) -> Output:
    """Publish the labels as COCO and as YOLO text files, once people are done.

    Returns:
        `labelled` of `total` pictures; at the end `boxes` by class, and what was `left_out`.

    Raises:
        NotYetError: they are not.
        InvalidInputError: `no_labels`.
        PermanentError: the project is gone, or holds what cannot be read.
        TransientError: the tool is away.
    """
    paths = tools.paths
    requested = read_document(paths.label_request(task.id), RequestedLabels)
    progress = tools.labeling.progress(requested.handle)
    found: dict[str, JsonValue] = {"labelled": progress.labelled, "total": progress.total}
    if not progress.complete:
        raise NotYetError(tools.settings.labeling_poll_seconds, found)
    labels = tools.labeling.collect(requested.handle, label_request(paths, task))
    if not labels.pictures:
        raise InvalidInputError(
            "no_labels",
            f"The project {requested.project} is done, but no picture in it has a label; label "
            "some and ask again.",
        )
    with publishing_folder(paths.collected(task.id), workplace=paths.labels(task.id)) as folder:
        write_yolo(labels, folder)
        write_coco(labels, folder / "labels.json")
    boxes: dict[str, JsonValue] = dict(check_labels(labels).boxes)
    left_out: dict[str, JsonValue] = dict(labels.left_out)
    return found | {
        "labelled": len(labels.pictures), "boxes": boxes, "left_out": left_out,
    }  # fmt: skip
