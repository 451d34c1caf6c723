"""A new version of an own model: it appears whole, under a number nobody else took."""

import errno
import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.inference.models import Model, ModelStore
from shared.storage.documents import to_json
from shared.storage.files import full_disk_as_error

_TAKEN = (errno.EEXIST, errno.ENOTEMPTY)


def publish_model(store: ModelStore, content: bytes, manifest: ModelManifest) -> Model:
    """Write `<name>/<version>/{model.onnx,model.json}`; the version is 1 above the highest.

    Raises:
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    folder = store.own / manifest.name
    if store.mirror is not None:
        first = max(store.versions(manifest.name), default=0) + 1
        version = store.mirror.publish(store.own, content, manifest, first)
        path = folder / str(version) / "model.onnx"
        return Model(replace(manifest, version=str(version)), path)
    with full_disk_as_error(store.own):
        folder.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=folder, prefix=".part-"))
        try:
            partial.chmod(0o755)
            _write(partial / "model.onnx", content)
            highest = max(store.versions(manifest.name), default=0)
            return _claim(partial, folder, manifest, highest + 1)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


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
