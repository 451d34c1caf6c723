"""Where a deployment finds what it goes on with, and where it leaves its own."""

from pathlib import Path

from shared.domain.task import DeploymentOptions, Task
from shared.evaluation.record import EVALUATION_FILE, Evaluation, read_evaluation
from shared.inference.model_mirror import WEIGHTS_FILE
from shared.storage.paths import Paths

Deployment = Task[DeploymentOptions]


def weights_file(paths: Paths, task: Deployment) -> Path:
    """model.pt of the training."""
    return paths.train_log(task.options.training) / WEIGHTS_FILE


def evaluation(paths: Paths, task: Deployment) -> Evaluation:
    """What the training measured.

    Raises:
        PermanentError: `bad_evaluation`.
    """
    return read_evaluation(paths.train_log(task.options.training) / EVALUATION_FILE)


def pictures(paths: Paths, task: Deployment) -> Path:
    """Folder below which the names of the labelled pictures lie."""
    return paths.train_log(task.options.dataset) / "data" / "images"


def model_file(paths: Paths, task: Deployment) -> Path:
    """What `convert` leaves."""
    return paths.train_log(task.id) / "model.onnx"


def verification_file(paths: Paths, task: Deployment) -> Path:
    """What `verify` leaves: a `Verification`."""
    return paths.train_log(task.id) / "verification.json"


def verdict_file(paths: Paths, task: Deployment) -> Path:
    """What `compare` leaves: a `Verdict`."""
    return paths.train_log(task.id) / "verdict.json"


def manifest_file(paths: Paths, task: Deployment) -> Path:
    """What `stage` leaves: a `ModelManifest`, of a version that is not decided yet."""
    return paths.train_log(task.id) / "model.json"
