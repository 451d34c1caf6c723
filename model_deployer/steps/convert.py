"""Weights to ONNX."""

from model_deployer.places import Deployment, evaluation, model_file, weights_file
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.training.environment import training_python
from shared.training.jobs import ExportJob, Weights
from shared.training.trainer import Trainer


def convert(tools: Tools, task: Deployment) -> Output:
    """Publish `model.onnx`.

    Returns:
        `sha256` of the file.

    Raises:
        PermanentError: `bad_evaluation`, `no_training_environment`, `foreign_weights`,
            `out_of_memory`, `training_failed`.
        TransientError: `training_died`, `disk_full`.
    """
    progress = StepProgress(tools.progress, task.id, "convert", "file")
    weights = Weights(weights_file(tools.paths, task), evaluation(tools.paths, task).weights_sha256)
    target = model_file(tools.paths, task)
    target.parent.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(training_python(tools.settings))
    result = trainer.export(ExportJob(weights, target), lambda: progress.update(0, 1))
    progress.finish(1, 1)
    return {"sha256": result.sha256}
