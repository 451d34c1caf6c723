"""ultralytics' trainer, watched: it reports, commits each epoch, and stops at the first NaN."""

import math
import time
from collections.abc import Callable
from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionTrainer

from shared.errors import PermanentError
from shared.training.child.checkpoint import Checkpoint, CheckpointFolder, Epoch
from shared.training.child.telling import Telling
from shared.training.jobs import EpochReport, Phase, Reached

_TELL_SECONDS = 0.5
_METRICS = {
    "metrics/precision(B)": "precision",
    "metrics/recall(B)": "recall",
    "metrics/mAP50(B)": "mAP50",
    "metrics/mAP50-95(B)": "mAP50_95",
}


class QuickEndingTrainer(DetectionTrainer):  # type: ignore[misc]  # ultralytics ships no types
    """Leaves out the last validation: that of the best epoch is known, and its file has moved."""

    def final_eval(self) -> None:
        """Nothing."""


class Watch:
    """Listens to one trainer.

    Args:
        before: the checkpoint that it resumes from.
        pictures: for training, validation; the trainer leaves out what it cannot read.
        batch: pictures for each step; the trainer halves it where memory is short.
    """

    def __init__(
        self,
        trainer: Any,
        folder: CheckpointFolder,
        before: Checkpoint | None,
        telling: Telling,
        pictures: tuple[int, int],
        batch: int,
    ) -> None:
        self.checkpoint = before
        self._folder, self._telling, self._pictures, self._size = folder, telling, pictures, batch
        self._batch, self._told, self._began = 0, float("-inf"), time.monotonic()
        events: dict[str, Callable[[Any], None]] = {
            "on_train_start": self._start,
            "on_train_epoch_start": self._begin,
            "on_train_batch_end": self._batch_ended,
            "on_val_batch_end": lambda _: self._tell(trainer, "validating"),
            "on_model_save": self._epoch_ended,
        }
        for event, callback in events.items():
            trainer.add_callback(event, callback)

    def _start(self, trainer: Any) -> None:
        self._check_pictures(trainer)
        if self.checkpoint is not None:
            last = self.checkpoint.epochs[-1].epoch
            going_on = EpochReport(
                last + 1, trainer.epochs, "starting", reached=_reached(self.checkpoint)
            )
            self._telling.report(going_on)

    def _check_pictures(self, trainer: Any) -> None:
        loaders = (trainer.train_loader, trainer.test_loader)
        read = tuple(len(loader.dataset) for loader in loaders)
        if read != self._pictures:
            raise PermanentError(
                "unreadable_pictures",
                f"data/images: {sum(self._pictures) - sum(read)} of {sum(self._pictures)} "
                "pictures cannot be decoded; the log, training.log, names them: replace them.",
            )

    def _begin(self, trainer: Any) -> None:
        if trainer.batch_size != self._size:
            raise PermanentError(
                "out_of_memory",
                f"The memory does not suffice for {self._size} pictures at once; choose a smaller "
                "batch, image_size or size.",
            )
        self._batch, self._began = 0, time.monotonic()
        self._tell(trainer, "training")

    def _batch_ended(self, trainer: Any) -> None:
        self._batch += 1
        if not torch.isfinite(trainer.loss):
            raise PermanentError(
                "nan_loss",
                f"The loss became {float(trainer.loss)} in epoch {trainer.epoch + 1}; choose a "
                "smaller learning_rate, or another base.",
            )
        self._tell(trainer, "training")

    def _epoch_ended(self, trainer: Any) -> None:
        epoch = Epoch(
            epoch=trainer.epoch + 1,
            seconds=round(time.monotonic() - self._began, 3),
            learning_rate=float(trainer.optimizer.param_groups[0]["lr"]),
            losses={name: round(float(value), 6) for name, value in trainer.tloss.items()},
            metrics=_metrics(trainer.metrics),
        )
        self.checkpoint = self._folder.commit(
            trainer.last, self.checkpoint, epoch,
            is_best=trainer.best_fitness == trainer.fitness, ended=bool(trainer.stop),
        )  # fmt: skip
        self._telling.report(
            EpochReport(
                epoch.epoch, trainer.epochs, "validating", self._batch, self._batch, ended=True,
                losses=epoch.losses, metrics=epoch.metrics, reached=_reached(self.checkpoint),
            )
        )  # fmt: skip

    def _tell(self, trainer: Any, phase: Phase) -> None:
        now = time.monotonic()
        if now - self._told < _TELL_SECONDS:
            return
        self._told = now
        batches = len(trainer.train_loader)
        self._telling.report(
            EpochReport(trainer.epoch + 1, trainer.epochs, phase, self._batch, batches)
        )


def _reached(checkpoint: Checkpoint) -> Reached:
    last, best = checkpoint.epochs[-1], checkpoint.epochs[checkpoint.best_epoch - 1]
    figures = {name: best.metrics[name] for name in _METRICS.values()}
    return Reached(last.epoch, last.losses, last.metrics, best.epoch, figures)


def _metrics(found: dict[str, Any]) -> dict[str, float]:
    """Under our names; losses of the validation pictures as `val_…`, but for those that overflow in
    half precision: JSON has no word for them.
    """
    named = {ours: found[theirs] for theirs, ours in _METRICS.items()}
    losses = {
        f"val_{key.removeprefix('val/')}": value
        for key, value in found.items()
        if key.startswith("val/") and math.isfinite(value)
    }
    return {key: round(float(value), 6) for key, value in (named | losses).items()}
