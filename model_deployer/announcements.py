"""The events that steps of a deployment send with their commits."""

from model_deployer.places import Deployment, manifest_file, verdict_file, verification_file
from model_deployer.published import published
from model_deployer.steps.verify import Verification
from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.evaluation.verdict import Verdict
from shared.events.model import ModelConversionCompleted, ModelDeployed, ModelJudged
from shared.pipeline.step import Finished
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document


def model_converted(tools: Tools, task: Deployment, finished: Finished) -> ModelConversionCompleted:
    """The ONNX file is there, and is as good as the weights."""
    found = read_document(verification_file(tools.paths, task), Verification)
    return ModelConversionCompleted(
        user_id=finished.user_id, weights_sha256=found.weights_sha256, sha256=found.sha256,
        compared=found.boxes.compared, difference=found.boxes.score_difference,
    )  # fmt: skip


def model_judged(tools: Tools, task: Deployment, finished: Finished) -> ModelJudged:
    """It is known whether the model may go live."""
    verdict = read_document(verdict_file(tools.paths, task), Verdict)
    return ModelJudged(
        user_id=finished.user_id, accepted=verdict.accepted, code=verdict.code,
        message=verdict.message, forced_by=verdict.forced_by,
        new=verdict.new.map50_95 if verdict.new else None,
        old=verdict.old.map50_95 if verdict.old else None,
    )  # fmt: skip


def model_deployed(tools: Tools, task: Deployment, finished: Finished) -> ModelDeployed:
    """The model serves.

    Raises:
        ModelError: `model_missing`: somebody removed it meanwhile.
    """
    staged = read_document(manifest_file(tools.paths, task), ModelManifest)
    model = published(tools.models, staged)
    if model is None:
        raise ModelError(
            "model_missing", f"{staged.name}: the version just published is gone; deploy it again."
        )
    return ModelDeployed(
        user_id=finished.user_id, model=model.manifest.label, sha256=model.manifest.sha256,
        replaced=staged.metrics["replaced"], map50_95=staged.metrics.get("mAP50_95"),
    )  # fmt: skip
