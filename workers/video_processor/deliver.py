"""Put a video into its owner's area, to stay there."""

from shared.domain.task import CopyOptions, Task
from shared.fetch.bring import Destination, bring
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.files import sha256_of
from shared.storage.keys import free_place, path_in_area


def deliver(tools: Tools, task: Task[CopyOptions]) -> Output:
    """Publish what the task's source names at the key that its options name.

    Returns:
        `path` in the area, `bytes`, `sha256`.

    Raises:
        InvalidInputError, MediaError, TransientError: what `free_place` and `bring` refuse.
    """
    key, workplace = task.options.target, tools.paths.videos(task.id)
    target = free_place(tools.paths, key)
    workplace.mkdir(parents=True, exist_ok=True)
    progress = StepProgress(tools.progress, task.id, "deliver", "bytes")
    to = Destination(target, workplace, links_local=False)
    bring(task.id, task.source, to, tools.paths, tools.settings, progress.update)
    size = target.stat().st_size
    digest = sha256_of(target, lambda _: progress.update(size, size))
    return {"path": path_in_area(key), "bytes": size, "sha256": digest}
