"""Erase what a labelling tool has of a task, whether or not anybody knows its handle."""

from shared.labeling.port import LabelingTool


def remove_labels(tool: LabelingTool, task_id: str, handle: str | None) -> None:
    """Remove all of it. Done twice, it is gone.

    Args:
        handle: of the request, where it was committed: it finds what people have renamed too, and
            files whose project is gone.

    Raises:
        TransientError: the tool is away.
        PermanentError: it refuses; `not_removed`.
    """
    for each in {*tool.find(task_id), *((handle,) if handle is not None else ())}:
        tool.remove(each)
