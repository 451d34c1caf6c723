"""Fitting and exporting, for code without torch."""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from shared.errors import InvalidInputError
from shared.training.jobs import EpochReport, ExportJob, ExportResult, FitJob, FitResult
from shared.training.process import OnLook, TrainingProcess, training_process

OnReport = Callable[[EpochReport], None]
"""Called at least once a second; what it raises ends the training, and its checkpoint stays."""


class Trainer:
    """Runs jobs in processes of the interpreter that has torch.

    Args:
        python: see `training_python`.
    """

    def __init__(self, python: Path) -> None:
        self.python = python

    def fit(self, job: FitJob, report: OnReport) -> FitResult:
        """Train, from the checkpoint in `job.work` if there is one.

        The same job again gives the same result without training: it is done.

        Raises:
            InvalidInputError: `base_needs_weights`, `no_training_pictures`, `no_labels`,
                `bad_labels`, `no_such_file`.
            PermanentError: `no_training_environment`, `foreign_weights`, `nan_loss`,
                `out_of_memory`, `unreadable_pictures`, `checkpoint_of_another_job`,
                `training_failed`.
            TransientError: `training_died`, `work_folder_busy`, `disk_full`.
        """
        if job.settings.base == "current" and job.weights is None:
            raise InvalidInputError(
                "base_needs_weights",
                "base: 'current' needs weights that were trained here, and there are none; "
                "choose 'scratch'.",
            )
        hearing = _Hearing(EpochReport(0, job.settings.epochs, "starting"), report)
        with training_process(self.python, job, job.work) as process:
            result = _answer(process, hearing.look, hearing.hear)
        return TypeAdapter(FitResult).validate_python(result)

    def export(self, job: ExportJob, on_look: OnLook = lambda: None) -> ExportResult:
        """Write weights as ONNX.

        Args:
            on_look: called at least once a second; what it raises ends the process.

        Raises:
            PermanentError: `no_training_environment`, `foreign_weights`, `out_of_memory`,
                `training_failed`.
            TransientError: `training_died`, `disk_full`.
        """
        with (
            tempfile.TemporaryDirectory(prefix="trackloop-export-") as folder,
            training_process(self.python, job, Path(folder)) as process,
        ):
            result = _answer(process, on_look, lambda _: None)
        return TypeAdapter(ExportResult).validate_python(result)


class _Hearing:
    """Passes on what is new, and repeats it while nothing is."""

    def __init__(self, first: EpochReport, report: OnReport) -> None:
        self._last, self._report = first, report

    def look(self) -> None:
        self._report(self._last)

    def hear(self, told: dict[str, Any]) -> None:
        new = TypeAdapter(EpochReport).validate_python(told)
        self._last = replace(new, ended=False)
        self._report(new)


def _answer(
    process: TrainingProcess, on_look: OnLook, hear: Callable[[dict[str, Any]], None]
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    on_look()
    for message in process.messages(on_look):
        if "report" in message:
            hear(message["report"])
        result = message.get("result", result)
    return result
