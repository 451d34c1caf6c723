"""A new version of an own model: it appears whole, under a number nobody else took."""

import errno
import os
from dataclasses import replace
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.inference.model_mirror import WEIGHTS_FILE
from shared.inference.models import Model, ModelStore
from shared.inference.partial_version import partial_version
from shared.storage.documents import to_json
from shared.storage.files import sha256_of

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def publish_model(
    store: ModelStore, content: bytes, manifest: ModelManifest, weights: Path | None = None
) -> Model:
    """Write `<name>/<version>/{model.onnx,model.json}`; the version is 1 above the highest.

    Args:
        weights: the model.pt that the manifest's `weights_sha256` is of, to be kept beside it.

    Raises:
        ModelError: `weights_changed`: they are others than the manifest says.
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    _check_weights(manifest, weights)
    folder = store.own / manifest.name
    if store.mirror is not None:
        first = max(store.versions(manifest.name), default=0) + 1
        version = store.mirror.publish(store.own, content, manifest, first, weights)
        path = folder / str(version) / "model.onnx"
        return Model(replace(manifest, version=str(version)), path)
    with partial_version(folder) as partial:
        _write(partial / "model.onnx", content)
        if weights is not None:
            _write(partial / WEIGHTS_FILE, weights.read_bytes())
        highest = max(store.versions(manifest.name), default=0)
        return _claim(partial, folder, manifest, highest + 1)


def _check_weights(manifest: ModelManifest, weights: Path | None) -> None:
    found = sha256_of(weights) if weights is not None else None
    if found != manifest.weights_sha256:
        raise ModelError(
            "weights_changed",
            f"{manifest.name}: the manifest speaks of weights {manifest.weights_sha256}, and "
            f"given are {found}; train the model again.",
        )


def _claim(partial: Path, folder: Path, manifest: ModelManifest, first: int) -> Model:
    """Rename to the first free number: a rename onto a folder that holds files fails."""
    version = first
    while True:
        numbered = replace(manifest, version=str(version))
        _write(partial / "model.json", to_json(numbered))
        try:
            partial.rename(folder / str(version))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            version += 1
        else:
            return Model(numbered, folder / str(version) / "model.onnx")


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
