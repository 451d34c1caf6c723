"""Back to the model before: its files once more, under a number of their own (ADR 34)."""

from dataclasses import replace

from shared.errors import ConflictError, InvalidInputError
from shared.inference.manifest import is_version
from shared.inference.models import Model, ModelStore
from shared.inference.publish_model import publish_model

DEPLOYED_BY = "deployed_by"
"""Of a model's metrics: the task that published it."""
RESTORED, ROLLED_BACK_FROM = "restored", "rolled_back_from"
"""Of a model's metrics: the version whose files it has, and the one that served until then."""


def roll_back(store: ModelStore, name: str) -> Model:
    """Publish the version before the present one again, as the highest one.

    Once more goes one step further back, never forth to what was rolled back from.

    Raises:
        InvalidInputError: `unknown_model`; `invalid_option`: the name is one of a version.
        ConflictError: `no_earlier_version`: no version before the present one is another model.
        ModelError: `model_missing`, `model_changed`, `weights_changed`, `bad_manifest`.
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    if "@" in name:
        raise InvalidInputError(
            "invalid_option",
            f"name: {name!r} names a version; give the name alone, and the model before the "
            "present one comes back.",
        )
    present = store.get(name)
    earlier = version_before(store, present)
    manifest = earlier.manifest
    metrics = {
        **manifest.metrics,
        RESTORED: _origin(earlier),
        ROLLED_BACK_FROM: present.manifest.label,
    }
    restored = replace(manifest, metrics=metrics)
    return publish_model(store, earlier.read(), restored, earlier.weights)


def version_before(store: ModelStore, present: Model) -> Model:
    """The highest version below the one whose files serve that is another model.

    Raises:
        ConflictError: `no_earlier_version`.
    """
    name, _, origin = _origin(present).partition("@")
    for version in reversed(store.versions(name)):
        if version < int(origin):
            earlier = store.known(f"{name}@{version}")
            if not earlier.pruned and earlier.manifest.sha256 != present.manifest.sha256:
                return earlier
    raise ConflictError(
        "no_earlier_version",
        f"{present.manifest.label} has the first model of this name, so there is nothing to go "
        "back to; add or train another one.",
    )


def _origin(model: Model) -> str:
    """`name@version` that first had these files, as far as it is recorded."""
    label = model.manifest.label
    said = str(model.manifest.metrics.get(RESTORED, label))
    name, _, version = said.partition("@")
    return said if name == model.manifest.name and is_version(version) else label
