"""Takes over the video of the analysis that this task repeats with another model."""

from shared.domain.task import Task
from shared.errors import PermanentError
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.files import link_or_copy


def adopt_video(tools: Tools, task: Task) -> Output:
    """Publish the parent's source and normalised video, and what is known of both, as this task's.

    Raises:
        PermanentError: `no_analysis`.
        TransientError: `disk_full`.
    """
    if task.parent is None:
        raise PermanentError(
            "no_analysis", "The task names no analysis to repeat; submit the video instead."
        )
    paths = tools.paths
    folder = paths.videos(task.id)
    folder.mkdir(parents=True, exist_ok=True)
    for place in (
        paths.source, paths.source_meta, paths.source_index, paths.video, paths.meta, paths.index,
    ):  # fmt: skip
        link_or_copy(place(task.parent), place(task.id), workplace=folder)
    return None
