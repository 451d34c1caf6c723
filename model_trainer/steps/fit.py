"""Trains a detector on a prepared dataset."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from shared.domain.task import Task, TrainingOptions
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.paths import checkpoints
from shared.training.environment import training_python
from shared.training.jobs import EpochReport, FitJob, Weights
from shared.training.settings import FitSettings, parse_fit_settings
from shared.training.trainer import Trainer


def fit(tools: Tools, task: Task[TrainingOptions]) -> Output:
    """Publish model.pt and metrics.json; begun before, it goes on at its last checkpoint.

    Returns:
        `epochs` that ran, the `best_epoch` and its `metrics` on pictures that only chose it.

    Raises:
        InvalidInputError: `invalid_training_setting`, `base_needs_weights`,
            `no_training_pictures`, `no_labels`, `bad_labels`.
        PermanentError: `no_training_environment`, `nan_loss`, `out_of_memory`,
            `unreadable_pictures`, `training_failed`.
        TransientError: `training_died`, `disk_full`.
    """
    paths, options = tools.paths, task.options
    weights = _weights_of(tools, options.model)
    job = FitJob(
        dataset=paths.train_log(options.dataset),
        work=_work(tools, task.id),
        target=paths.train_log(task.id),
        settings=_settings(options, weights),
        threads=tools.settings.threads,
        weights=weights,
    )
    result = Trainer(training_python(tools.settings)).fit(job, _Progress(tools, task.id))
    return {
        "epochs": result.epochs, "best_epoch": result.best_epoch, "metrics": dict(result.metrics),
        "stopped_early": result.stopped_early, "base": job.settings.base,
    }  # fmt: skip


def _settings(options: TrainingOptions, weights: Weights | None) -> FitSettings:
    """A model that came as ONNX has no weights to begin with: then from scratch, unless somebody
    asked for them.
    """
    asked = parse_fit_settings(options.settings)
    if weights is not None or "base" in asked.model_fields_set:
        return asked
    return asked.model_copy(update={"base": "scratch"})


def _weights_of(tools: Tools, label: str) -> Weights | None:
    model = tools.models.get(label)
    file, sha256 = model.weights, model.manifest.weights_sha256
    return Weights(file, sha256) if file is not None and sha256 is not None else None


def _work(tools: Tools, task_id: str) -> Path:
    """Where checkpoints outlive the step: with the task, or where only this host looks."""
    if tools.paths.private:
        return checkpoints(tools.settings.cache_folder) / task_id
    return tools.paths.train_log(task_id) / "work"


class _Progress:
    """Tells in epochs; being told is what interrupts the training."""

    def __init__(self, tools: Tools, task_id: str) -> None:
        self._tools, self._task_id = tools, task_id
        self._found: dict[str, Any] | None = None

    def __call__(self, report: EpochReport) -> None:
        begun = report.epoch if report.ended else max(report.epoch - 1, 0)
        within = report.batch / report.batches if report.batches and not report.ended else 0.0
        if report.reached is not None:
            self._found = asdict(report.reached)
        # Again with each report: a board that was away for a while has missed some.
        self._tools.progress.report(
            self._task_id, "fit", begun + within, report.epochs, "epochs", found=self._found
        )
