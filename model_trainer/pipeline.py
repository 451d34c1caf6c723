"""What follows a prepared dataset, in order."""

from model_trainer.announcements import training_completed
from model_trainer.artefacts import evaluation, trained_model
from model_trainer.steps.evaluate import evaluate
from model_trainer.steps.fit import fit
from shared.pipeline.step import Pipeline, Step

QUEUE = "training"
_HOURS = 3600.0

TRAINING: Pipeline = (
    Step(fit, queue=QUEUE, timeout_seconds=72 * _HOURS, needs=("dataset/",), leaves=trained_model),
    Step(
        evaluate, queue=QUEUE, timeout_seconds=6 * _HOURS,
        needs=("dataset/", "labels/", "model.pt", "metrics.json"), leaves=evaluation,
        announces=training_completed,
    ),
)  # fmt: skip
