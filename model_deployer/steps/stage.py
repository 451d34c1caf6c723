"""Describes the converted model as it would serve, has a process of its own try it, and brings it
to the server, if one is to serve it.
"""

from dataclasses import replace
from typing import Any

from model_deployer.places import Deployment, evaluation, manifest_file, model_file, verdict_file
from shared.errors import PermanentError
from shared.evaluation.best_threshold import best_threshold
from shared.evaluation.matching import match
from shared.evaluation.verdict import Verdict
from shared.inference.adapters import stage_model
from shared.inference.add_model import describe_model
from shared.inference.add_request import AddRequest
from shared.inference.manifest import check_manifest
from shared.inference.models import Model
from shared.inference.roll_back import DEPLOYED_BY
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document, write_document

LICENCE = "AGPL-3.0"
"""Of weights that ultralytics trained, whatever the licence of those that they began with."""
LEAST_CONFIDENCE, MOST_CONFIDENCE = 0.05, 0.9
"""Below, boxes are noise that nothing looks at; above, a model that is a little less sure in
another light would find nothing.
"""


def stage(tools: Tools, task: Deployment) -> Output:
    """Publish `model.json`, of a version that is not decided yet.

    A server has the model loaded then, under a name that nobody asks for.

    Returns:
        `name`, and the `confidence` from which its boxes count.

    Raises:
        InvalidInputError: `unknown_model`, `bad_inference_url`, `repository_not_writable`.
        ModelError: `model_too_large`, `not_onnx`, `external_data`, `unsupported_model`,
            `model_does_not_run`, `model_does_not_fit`, `bad_manifest`, `not_staged`.
        PermanentError: `too_unsure`, unless it is forced; `bad_evaluation`.
        TransientError: `triton_unavailable`, `disk_full`.
    """
    paths = tools.paths
    known, verdict = evaluation(paths, task), read_document(verdict_file(paths, task), Verdict)
    replaced = tools.models.known(verdict.against or task.options.model)
    best = best_threshold(match(known.labels, known.new, verdict.compared))
    if best is None:
        best = replaced.manifest.thresholds.confidence
    confidence = _bounded(best, forced=task.options.forced_by is not None)
    name = replaced.manifest.name
    request = AddRequest(name, confidence=confidence, iou=known.iou, licence=LICENCE)
    file = model_file(paths, task)
    _, manifest = describe_model(file, request, max_bytes=tools.settings.max_model_bytes)
    manifest = replace(
        manifest,
        metrics=_metrics(task, verdict, replaced),
        weights_sha256=known.weights_sha256,
    )
    check_manifest(manifest, file)
    stage_model(tools.settings.inference_url, Model(manifest, file))
    write_document(manifest_file(paths, task), manifest)
    return {"name": manifest.name, "confidence": manifest.thresholds.confidence}


def _bounded(best: float, *, forced: bool) -> float:
    """The score with the best F1, within bounds.

    mAP asks for the order of scores alone: a model that had too few epochs may reach much, and
    be so unsure of it that it would find nothing where it serves.
    """
    if best < LEAST_CONFIDENCE and not forced:
        raise PermanentError(
            "too_unsure",
            f"The model finds most with scores from {best:.3f} on, and boxes below "
            f"{LEAST_CONFIDENCE} are left out; train it for more epochs.",
        )
    return min(max(best, LEAST_CONFIDENCE), MOST_CONFIDENCE)


def _metrics(task: Deployment, verdict: Verdict, replaced: Model) -> dict[str, Any]:
    scores = verdict.new
    figures = {"mAP50": scores.map50, "mAP50_95": scores.map50_95} if scores else {}
    forced = {"forced_by": verdict.forced_by} if verdict.forced_by else {}
    return {
        **figures,
        "pictures": verdict.pictures,
        "boxes": verdict.boxes,
        "trained_by": task.options.training,
        DEPLOYED_BY: task.id,
        "verdict": verdict.code,
        "replaced": replaced.manifest.label,
        **forced,
    }
