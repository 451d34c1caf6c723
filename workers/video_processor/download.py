"""Bring the video in."""

from shared.domain.task import AnyTask
from shared.fetch.bring import Destination, bring
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress


def download(tools: Tools, task: AnyTask) -> None:
    """Publish the task's source: a local file linked where the file system allows it, anything
    else streamed, whole or not at all.

    Raises:
        InvalidInputError, MediaError, TransientError: what `bring` refuses.
    """
    target = tools.paths.source(task.id)
    target.parent.mkdir(parents=True, exist_ok=True)
    report = StepProgress(tools.progress, task.id, "download", "bytes").update
    to = Destination(target, workplace=target.parent, links_local=not tools.paths.private)
    bring(task.id, task.source, to, tools.paths, tools.settings, report)
