"""Hands pictures, with the model's boxes, to the tool in which people label."""

from dataclasses import asdict

from shared.domain.labeling import RequestedLabels
from shared.domain.task import LabelingOptions, Task
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import write_document
from workers.labeling_manager.asked import label_request


def request_labels(tools: Tools, task: Task[LabelingOptions]) -> Output:
    """Ask for labels; asked twice, the tool has the pictures once.

    Returns:
        A `RequestedLabels`.

    Raises:
        PermanentError: the tool refuses.
        TransientError: the tool is away.
    """
    request = label_request(tools.paths, task)
    handle = tools.labeling.request(request)
    url = tools.labeling.progress(handle).url
    project = f"{request.project} - {request.task_id}"
    requested = RequestedLabels(handle, project, url, len(request.pictures))
    write_document(tools.paths.label_request(task.id), requested)
    return asdict(requested)
