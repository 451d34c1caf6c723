"""Which version a deployment has published, so that it is done once."""

from shared.domain.model import ModelManifest
from shared.inference.models import Model, ModelStore
from shared.inference.roll_back import DEPLOYED_BY, ROLLED_BACK_FROM


def published(store: ModelStore, staged: ModelManifest) -> Model | None:
    """The version that has the staged model, published by the same task; not its later copies.

    Pruned since, it was published all the same.

    Raises:
        ModelError: `bad_manifest`, or `duplicate_model`.
        TransientError: the storage does not answer as it should.
    """
    for version in reversed(store.versions(staged.name)):
        model = store.known(f"{staged.name}@{version}")
        found = model.manifest
        same_task = found.metrics.get(DEPLOYED_BY) == staged.metrics.get(DEPLOYED_BY)
        restored = ROLLED_BACK_FROM in found.metrics
        if same_task and found.sha256 == staged.sha256 and not restored:
            return model
    return None
