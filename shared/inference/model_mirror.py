"""Own models of a storage that is elsewhere: kept there once, seen here as files."""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.errors import PermanentError
from shared.inference.manifest import is_slug, is_version
from shared.inference.partial_version import partial_version
from shared.storage.documents import to_json
from shared.storage.port import Storage, fetch

_FOLDER = "models/"
_FILE, _DOCUMENT = "model.onnx", "model.json"
WEIGHTS_FILE = "model.pt"
PRUNED_FILE = "pruned.json"
"""Beside the manifest of a version whose other files are gone, or are just being deleted."""
_HEAVY = (WEIGHTS_FILE, _FILE)
_ALL = {*_HEAVY, _DOCUMENT}


class ModelMirror:
    """Versions are immutable: what is here stays as it is, until it is pruned there. The manifest
    is written last.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._refreshing = threading.Lock()

    def refresh(self, own: Path) -> None:
        """Fetch the versions that this host has not seen, and drop what was pruned elsewhere.

        Raises:
            TransientError: the storage does not answer as it should, or `disk_full`.
            PermanentError: `artefact_missing`: a manifest is there, and not its model.
        """
        with self._refreshing:
            for name, version, files in self._whole():
                try:
                    self._follow(own / name, f"{_FOLDER}{name}/{version}/", version, files)
                except PermanentError:
                    # To fetch takes long: it may have been pruned, or taken back, since.
                    now = self.files(name, version)
                    if now == files:
                        raise
                    self._follow(own / name, f"{_FOLDER}{name}/{version}/", version, now)

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
        with partial_version(own / manifest.name) as folder:
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

    def mark(self, mark: Path, name: str, version: str) -> None:
        """Say to all hosts that the version is pruned.

        Raises:
            TransientError: the storage does not answer as it should.
        """
        self._storage.send(mark, _key(name, int(version), PRUNED_FILE))

    def delete(self, name: str, version: str, *files: str) -> None:
        """Delete these files of a version, where they are.

        Raises:
            TransientError: the storage does not answer as it should.
        """
        for file in files:
            self._storage.delete(_key(name, int(version), file))

    def files(self, name: str, version: str) -> set[str]:
        """Names of the files of a version.

        Raises:
            TransientError: the storage does not answer as it should.
        """
        prefix = f"{_FOLDER}{name}/{version}/"
        return {found.key.removeprefix(prefix) for found in self._storage.list(prefix)}

    def _whole(self) -> Iterator[tuple[str, str, set[str]]]:
        """Name, version and files of every model whose manifest is there."""
        versions: dict[tuple[str, str], set[str]] = {}
        for found in self._storage.list(_FOLDER):
            name, _, rest = found.key.removeprefix(_FOLDER).partition("/")
            version, _, file = rest.partition("/")
            versions.setdefault((name, version), set()).add(file)
        for (name, version), files in versions.items():
            if _DOCUMENT in files and is_slug(name) and is_version(version):
                yield name, version, files

    def _follow(self, place: Path, prefix: str, version: str, files: set[str]) -> None:
        """See to it that this host has of a version what the bucket has."""
        here = place / version
        if PRUNED_FILE not in files and (here / PRUNED_FILE).exists():
            self._take_back(here)
        if not here.exists():
            self._bring(place, prefix, version, files)
        elif PRUNED_FILE in files:
            self._drop(here, prefix, files)

    def _bring(self, place: Path, prefix: str, version: str, files: set[str]) -> None:
        wanted = {_DOCUMENT, PRUNED_FILE} if PRUNED_FILE in files else _ALL
        with partial_version(place) as folder:
            # The manifest is there only where the model is, unless it is pruned just now.
            for file in sorted(wanted & (files | {_FILE})):
                fetch(self._storage, f"{prefix}{file}", folder / file)
            _appear(folder, place / version)

    def _drop(self, here: Path, prefix: str, files: set[str]) -> None:
        if not (here / PRUNED_FILE).exists():
            fetch(self._storage, f"{prefix}{PRUNED_FILE}", here / PRUNED_FILE)
        if _FILE not in files:
            for name in _HEAVY:
                (here / name).unlink(missing_ok=True)

    def _take_back(self, here: Path) -> None:
        """Its deletion was called off before it had begun."""
        if (here / _FILE).exists():
            (here / PRUNED_FILE).unlink(missing_ok=True)
        else:
            shutil.rmtree(here)  # to be fetched again


def _key(name: str, version: int, file: str) -> str:
    return f"{_FOLDER}{name}/{version}/{file}"


def _appear(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError:
        if not target.is_dir():  # another process of this host was quicker
            raise
