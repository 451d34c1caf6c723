"""Own models of a storage that is elsewhere: kept there once, seen here as files."""

import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.inference.manifest import is_slug, is_version
from shared.storage.documents import to_json
from shared.storage.files import full_disk_as_error
from shared.storage.port import Storage, fetch

_FOLDER = "models/"
_FILE, _DOCUMENT = "model.onnx", "model.json"
WEIGHTS_FILE = "model.pt"


class ModelMirror:
    """Versions are immutable: what is here stays as it is. The manifest is written last."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._refreshing = threading.Lock()

    def refresh(self, own: Path) -> None:
        """Fetch the versions that this host has not seen.

        Raises:
            TransientError: the storage does not answer as it should, or `disk_full`.
        """
        with self._refreshing:
            for name, version in self._whole():
                if not (own / name / version).exists():
                    self._bring(own / name, f"{_FOLDER}{name}/{version}/", version)

    def publish(
        self, own: Path, content: bytes, manifest: ModelManifest, first: int,
        weights: Path | None = None,
    ) -> int:  # fmt: skip
        """Keep a model under the first free version from `first` on, here and there; which it is.

        A version belongs to whoever created its model file; where he died before he wrote the
        manifest, it stays empty.

        Raises:
            TransientError: the storage does not answer as it should, or `disk_full`.
        """
        version = first
        with _partial(own / manifest.name) as folder:
            (folder / _FILE).write_bytes(content)
            while not self._storage.create(folder / _FILE, _key(manifest.name, version, _FILE)):
                version += 1
            if weights is not None:
                shutil.copyfile(weights, folder / WEIGHTS_FILE)
                self._storage.send(
                    folder / WEIGHTS_FILE, _key(manifest.name, version, WEIGHTS_FILE)
                )
            numbered = replace(manifest, version=str(version))
            (folder / _DOCUMENT).write_bytes(to_json(numbered))
            self._storage.create(folder / _DOCUMENT, _key(manifest.name, version, _DOCUMENT))
            _appear(folder, own / manifest.name / str(version))
        return version

    def _whole(self) -> Iterator[tuple[str, str]]:
        """Name and version of every model whose manifest is there."""
        for found in self._storage.list(_FOLDER):
            name, _, rest = found.key.removeprefix(_FOLDER).partition("/")
            version, _, file = rest.partition("/")
            if file == _DOCUMENT and is_slug(name) and is_version(version):
                yield name, version

    def _bring(self, place: Path, prefix: str, version: str) -> None:
        with _partial(place) as folder:
            for file in (_FILE, _DOCUMENT):
                fetch(self._storage, f"{prefix}{file}", folder / file)
            if self._storage.find(f"{prefix}{WEIGHTS_FILE}") is not None:
                fetch(self._storage, f"{prefix}{WEIGHTS_FILE}", folder / WEIGHTS_FILE)
            _appear(folder, place / version)


def _key(name: str, version: int, file: str) -> str:
    return f"{_FOLDER}{name}/{version}/{file}"


@contextmanager
def _partial(place: Path) -> Iterator[Path]:
    with full_disk_as_error(place):
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=place, prefix=".part-"))
        try:
            folder.chmod(0o755)
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _appear(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # another process of this host was quicker
            raise
