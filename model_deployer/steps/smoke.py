"""One picture through what serves: it loads, and finds what was found when it was measured."""

import numpy as np

from model_deployer.places import Deployment, evaluation, manifest_file, model_file, pictures
from shared.domain.detection import Detections
from shared.domain.label import Labels
from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.evaluation.agreement import COUNTED_FROM, agreement
from shared.evaluation.matching import Measured
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation
from shared.inference.adapters import open_runtime
from shared.inference.models import Model
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import read_document

_IOU, _SCORE, _SHARE = 0.9, 0.05, 0.8
"""Loose: another runtime, in less precision, may serve; a wrong model shares next to nothing."""


def smoke(tools: Tools, task: Deployment) -> Output:
    """Run the model as it would serve on the held-out picture in which it found most.

    Returns:
        `picture`, `boxes`.

    Raises:
        ModelError: `smoke_failed`; `model_changed`, `inference_failed`.
        InvalidInputError: `bad_labels`: the picture cannot be read; `bad_inference_url`.
        PermanentError: `bad_evaluation`.
    """
    paths = tools.paths
    known = evaluation(paths, task)
    manifest = read_document(manifest_file(paths, task), ModelManifest)
    if not known.labels.pictures:
        raise _failed("has no held-out picture to be tried on")
    place = max(range(len(known.new.found)), key=lambda number: _counted(known.new.found[number]))
    picture = known.labels.pictures[place]
    progress = StepProgress(tools.progress, task.id, "smoke", "picture")
    model, settings = Model(manifest, model_file(paths, task)), tools.settings
    # As `tools.open_runtime` would, but gone with this step: what is staged serves nobody.
    with open_runtime(settings.inference_url, model, settings.threads) as runtime:
        found = measure(
            runtime, manifest, Labels(known.labels.classes, [picture]), pictures(paths, task),
            on_picture=lambda done: progress.update(done, 1),
        )  # fmt: skip
    _check(found, known, place)
    return {"picture": picture.name, "boxes": _counted(found.found[0])}


def _counted(boxes: Detections) -> int:
    return int((boxes.score >= COUNTED_FROM).sum())


def _check(found: Measured, known: Evaluation, place: int) -> None:
    name, (boxes,) = known.labels.pictures[place].name, found.found
    if not (np.isfinite(boxes.xyxy).all() and np.isfinite(boxes.score).all()):
        raise _failed(f"finds boxes in {name} that are no numbers")
    if found.classes != known.new.classes:
        raise _failed(f"knows the classes {', '.join(found.classes)} instead of "
                      f"{', '.join(known.new.classes)}")  # fmt: skip
    before = Measured(known.new.label, known.new.classes, [known.new.found[place]])
    same = agreement(before, found, iou=_IOU, score=_SCORE)
    if same.share < _SHARE:
        raise _failed(f"finds in {name} other boxes than when it was measured: of "
                      f"{same.compared} only {same.paired} have a pair")  # fmt: skip


def _failed(fault: str) -> ModelError:
    return ModelError(
        "smoke_failed",
        f"model.onnx {fault}; check TRACKLOOP_INFERENCE_URL, and deploy it again.",
    )
