"""Whether the ONNX file finds what the weights find, on pictures that neither learnt from."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from model_deployer.places import (
    Deployment,
    evaluation,
    model_file,
    pictures,
    verification_file,
    weights_file,
)
from shared.domain.label import Labels
from shared.errors import ModelError
from shared.evaluation.agreement import Agreement, agreement
from shared.evaluation.matching import Measured
from shared.evaluation.measure import measure
from shared.inference.adapters import open_runtime
from shared.inference.add_request import AddRequest
from shared.inference.compose_manifest import compose_manifest
from shared.inference.inspect_model import inspect_model
from shared.inference.models import Model
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import write_document
from shared.training.environment import training_python
from shared.training.jobs import Weights
from shared.training.torch_runtime import open_weights

MOST_PICTURES = 32
LEAST_SHARE = 0.999
_RUNTIME = "onnx://"
"""In float32 on a processor, whatever serves: here the file is tried, not the runtime."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What was compared.

    Attributes:
        weights_sha256, sha256: of model.pt and of model.onnx.
        boxes: see `Agreement`.
    """

    weights_sha256: str
    sha256: str
    pictures: int
    boxes: Agreement


def verify(tools: Tools, task: Deployment) -> Output:
    """Publish `verification.json`, where both find the same boxes.

    Returns:
        `pictures`; `compared` and `paired` boxes, `least_iou`, `score_difference`.

    Raises:
        ModelError: `conversion_differs`; `not_onnx`, `external_data`, `unsupported_model`,
            `model_does_not_fit`, `inference_failed`.
        InvalidInputError: `bad_labels`: a picture cannot be read.
        PermanentError: `bad_evaluation`, `no_training_environment`, `foreign_weights`,
            `out_of_memory`, `training_failed`.
        TransientError: `training_died`, `disk_full`.
    """
    paths = tools.paths
    known = evaluation(paths, task)
    labels = _spread(known.labels)
    progress = StepProgress(tools.progress, task.id, "verify", "picture")
    total = 2 * len(labels.pictures)

    def after(first: int) -> Callable[[int], None]:
        return lambda done: progress.update(first + done, total)

    weights = Weights(weights_file(paths, task), known.weights_sha256)
    folder = pictures(paths, task)
    by_weights = _of_weights(tools, weights, labels, folder, after(0))
    model = _model(model_file(paths, task))
    with open_runtime(_RUNTIME, model, tools.settings.threads) as runtime:
        by_file = measure(
            runtime, model.manifest, labels, folder, on_picture=after(len(labels.pictures))
        )
    found = _compared(by_weights, by_file)
    sha256 = model.manifest.sha256
    write_document(
        verification_file(paths, task),
        Verification(weights.sha256, sha256, len(labels.pictures), found),
    )
    return {"pictures": len(labels.pictures)} | asdict(found)


def _spread(labels: Labels) -> Labels:
    """At most 32 of the pictures, evenly spread."""
    count = len(labels.pictures)
    step = max(1, -(-count // MOST_PICTURES))
    return Labels(labels.classes, labels.pictures[::step])


def _of_weights(
    tools: Tools, weights: Weights, labels: Labels, folder: Path, done: Callable[[int], None]
) -> Measured:
    python = training_python(tools.settings)
    with open_weights(python, weights, tools.settings.threads, lambda: done(0)) as runtime:
        return measure(runtime, runtime.manifest, labels, folder, on_picture=done)


def _model(file: Path) -> Model:
    content = file.read_bytes()
    facts = inspect_model(content, file.name)
    sha256 = hashlib.sha256(content).hexdigest()
    return Model(compose_manifest(facts, AddRequest("trained"), sha256, file.name), file)


def _compared(by_weights: Measured, by_file: Measured) -> Agreement:
    if by_weights.classes != by_file.classes:
        raise ModelError(
            "conversion_differs",
            f"model.onnx knows {', '.join(by_file.classes)} and model.pt "
            f"{', '.join(by_weights.classes)}; train the model again.",
        )
    found = agreement(by_weights, by_file)
    if found.share < LEAST_SHARE:
        raise ModelError(
            "conversion_differs",
            f"model.onnx finds other boxes than model.pt: {found.compared - found.paired} of "
            f"{found.compared} have no pair, IoU falls to {found.least_iou:.4f} and scores differ "
            f"by up to {found.score_difference:.4f}; train the model again.",
        )
    return found
