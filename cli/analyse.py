"""One video through the chain, results into a folder: what `run` and `demo` share."""

from dataclasses import replace
from pathlib import Path

from cli.out_folder import check_out, move_results
from cli.workspace import workspace
from shared.domain.task import AnalysisOptions, Task
from shared.inference.choice import choose
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from workers.pipeline import VIDEO_CHAIN


def analyse(tools: Tools, video: Path, options: AnalysisOptions, out: Path) -> None:
    """Run the chain and put the results into `out`, which appears whole or not at all.

    Raises:
        InvalidInputError: what `check_out` and `choose` refuse.
        TrackloopError: what a step refuses.
    """
    label = choose(tools.models, options).model.manifest.label
    pinned = replace(options, model=label)  # a version that is added meanwhile is not ours
    storage = tools.settings.storage_root
    check_out(out, storage)
    with workspace(tools.paths, video) as task_id:
        run_pipeline(VIDEO_CHAIN, tools, Task(task_id, str(video.absolute()), pinned))
        move_results(tools.paths.results(task_id, label), out, storage)
