"""Weights to ONNX."""

from shared.storage.files import publishing, sha256_of
from shared.training.child.onnx_file import Notes, write_onnx
from shared.training.child.weights import read_weights
from shared.training.jobs import ExportJob, ExportResult


def export(job: ExportJob) -> ExportResult:
    """Write the file, whole.

    Raises:
        PermanentError: `foreign_weights`.
        TransientError: `disk_full`.
    """
    trained = read_weights(job.weights)
    size = job.size or trained.size
    description = f"Trained by Trackloop from weights {job.weights.sha256[:12]}"
    with publishing(job.target) as partial:
        write_onnx(trained.net, partial, Notes(trained.classes, size, description))
    return ExportResult(job.target, sha256_of(job.target), trained.classes, size)
