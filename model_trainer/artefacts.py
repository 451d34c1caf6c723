"""Which files each step leaves, by the name under which a task's owner knows them."""

from shared.domain.task import AnyTask
from shared.evaluation.record import EVALUATION_FILE
from shared.pipeline.step import Files
from shared.pipeline.tools import Tools


def trained_model(tools: Tools, task: AnyTask) -> Files:
    """The weights, and how they came about."""
    folder = tools.paths.train_log(task.id)
    return {name: folder / name for name in ("model.pt", "metrics.json")}


def evaluation(tools: Tools, task: AnyTask) -> Files:
    """What both models find in the held-out pictures."""
    return {EVALUATION_FILE: tools.paths.train_log(task.id) / EVALUATION_FILE}
