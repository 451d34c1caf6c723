"""The events that steps send with their commits."""

import orjson

from shared.domain.task import Task, TrainingOptions
from shared.evaluation.average_precision import Scores
from shared.evaluation.gate import judge
from shared.evaluation.record import EVALUATION_FILE, read_evaluation
from shared.events.model import ModelTrainingCompleted
from shared.pipeline.step import Finished
from shared.pipeline.tools import Tools


def training_completed(
    tools: Tools, task: Task[TrainingOptions], finished: Finished
) -> ModelTrainingCompleted:
    """A model was trained and measured."""
    folder = tools.paths.train_log(task.id)
    history = orjson.loads((folder / "metrics.json").read_bytes())
    evaluation = read_evaluation(folder / EVALUATION_FILE)
    verdict = judge(evaluation.labels, evaluation.new, evaluation.old)
    return ModelTrainingCompleted(
        user_id=finished.user_id,
        epochs=len(history["epochs"]),
        best_epoch=history["best_epoch"],
        new=_figures(verdict.new) or {},
        old=_figures(verdict.old),
        pictures=verdict.pictures,
    )


def _figures(scores: Scores | None) -> dict[str, float] | None:
    return {"mAP50": scores.map50, "mAP50_95": scores.map50_95} if scores else None
