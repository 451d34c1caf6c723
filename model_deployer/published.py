"""Which version a deployment has published, so that it is done once."""

from dataclasses import replace

from shared.domain.model import ModelManifest
from shared.inference.models import Model, ModelStore
from shared.inference.roll_back import ROLLED_BACK_FROM

DEPLOYED_BY = "deployed_by"
"""Of a model's metrics: the task that published it."""


def published(store: ModelStore, staged: ModelManifest) -> Model | None:
    """The version that has the staged model, published by the same task; not its later copies.

    Raises:
        ModelError: `bad_manifest`, or `duplicate_model`.
        TransientError: the storage does not answer as it should.
    """
    for version in reversed(store.versions(staged.name)):
        model = store.get(f"{staged.name}@{version}")
        found = model.manifest
        if ROLLED_BACK_FROM not in found.metrics and _is(found, staged):
            return model
    return None


def _is(found: ModelManifest, staged: ModelManifest) -> bool:
    same = found.metrics.get(DEPLOYED_BY) == staged.metrics.get(DEPLOYED_BY)
    return same and replace(found, version=staged.version).sha256 == staged.sha256
