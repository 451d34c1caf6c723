"""Publishes the model: from then on its name means this version."""

from model_deployer.places import Deployment, manifest_file, model_file, weights_file
from model_deployer.published import published
from shared.domain.model import ModelManifest
from shared.errors import ConflictError
from shared.inference.models import Model
from shared.inference.partial_version import clear_partial_versions
from shared.inference.publish_model import publish_model
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document


def activate(tools: Tools, task: Deployment) -> Output:
    """Publish the staged model with its weights; run twice, it is there once.

    Versions never change and the highest one is what a name means, so the rename that makes the
    version appear is the switch (ADR 34).

    Returns:
        `model` and `replaced`, each `name@version`.

    Raises:
        ConflictError: `other_model_serves`: not the one that it was measured against.
        ModelError: `model_changed`, `weights_changed`.
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    staged = read_document(manifest_file(tools.paths, task), ModelManifest)
    clear_partial_versions(tools.models.own / staged.name)
    model = published(tools.models, staged)
    if model is None:
        _refuse_other(tools, task, staged)
        content = Model(staged, model_file(tools.paths, task)).read()
        model = publish_model(tools.models, content, staged, weights_file(tools.paths, task))
    return {"model": model.manifest.label, "replaced": staged.metrics["replaced"]}


def _refuse_other(tools: Tools, task: Deployment, staged: ModelManifest) -> None:
    """Better than what served a moment ago is not better than what serves, unless somebody forces
    it. `compare` looked last; a deployment anew looks again.
    """
    measured = tools.models.known(staged.metrics["replaced"]).manifest
    present = tools.models.serving(measured.label).manifest
    if present.sha256 != measured.sha256 and task.options.forced_by is None:
        raise ConflictError(
            "other_model_serves",
            f"The model was measured against {measured.label}, but {present.label} serves by now; "
            "deploy it again, and it is measured against that one.",
        )
