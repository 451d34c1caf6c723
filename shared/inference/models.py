"""The models that can be run: those that Trackloop ships and the user's own."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.domain.model import ModelManifest, VersionState
from shared.errors import ConflictError, InvalidInputError, ModelError
from shared.inference.manifest import bad_manifest, is_slug, is_version, read_manifest
from shared.inference.model_mirror import PRUNED_FILE, WEIGHTS_FILE, ModelMirror
from shared.settings import Settings
from shared.storage.adapters import open_storage
from shared.storage.paths import Paths


@dataclass(frozen=True, slots=True)
class Model:
    """A manifest and the model.onnx that it describes.

    Attributes:
        pruned: it made room for newer versions: the manifest is all that is kept.
    """

    manifest: ModelManifest
    path: Path
    pruned: bool = False

    @property
    def weights(self) -> Path | None:
        """The model.pt from which a training can go on; its hash is in the manifest."""
        return self.path.with_name(WEIGHTS_FILE) if self.manifest.weights_sha256 else None

    def read(self) -> bytes:
        """The model file, if it is the one that the manifest describes.

        Raises:
            ModelError: `model_missing`, or `model_changed`.
            ConflictError: `model_pruned`.
        """
        if self.pruned:
            raise _pruned(self.manifest)
        try:
            content = self.path.read_bytes()
        except FileNotFoundError as error:
            raise ModelError(
                "model_missing", f"{self.path} does not exist; add the model again."
            ) from error
        if hashlib.sha256(content).hexdigest() != self.manifest.sha256:
            raise ModelError(
                "model_changed",
                f"{self.path}: its SHA-256 is not the one in its manifest; "
                "restore the file, or add the changed one as a new version.",
            )
        return content


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one version lies."""

    name: str
    version: int
    document: Path
    file: Path

    @property
    def label(self) -> str:
        return f"{self.name}@{self.version}"


class ModelStore:
    """Finds models by `name` or `name@version`.

    Args:
        bundled: a Triton model repository: `<name>/model.json`, `<name>/<version>/model.onnx`;
            a version may carry its own `model.json`.
        own: `<name>/<version>/{model.onnx,model.json}`, and model.pt where it was trained here.
        mirror: where own models are kept, if `own` is only what this host has seen of them. Every
            method may then raise TransientError, where that does not answer.
    """

    def __init__(self, bundled: Path, own: Path, mirror: ModelMirror | None = None) -> None:
        self.bundled, self.own, self.mirror = bundled, own, mirror

    def get(self, label: str) -> Model:
        """The model of this `name@version`; a `name` alone gives its highest version.

        Raises:
            InvalidInputError: `unknown_model`, listing the known ones.
            ConflictError: `model_pruned`.
            ModelError: `bad_manifest`, or `duplicate_model` where an own model took a bundled
                one's name and version.
        """
        model = self.known(label)
        if model.pruned:
            raise _pruned(model.manifest)
        return model

    def known(self, label: str) -> Model:
        """As `get`, for whoever wants the manifest alone: it may be of a pruned version.

        Raises:
            InvalidInputError: `unknown_model`, listing the known ones.
            ModelError: as `get`.
        """
        name, _, version = label.partition("@")
        known = self._matching(name, version) if version else ()
        if not known:
            # A version never changes once it is here; which is the highest, others decide too.
            self._refresh()
            known = self._matching(name, version)
        if not known or label.endswith("@"):
            raise self._unknown(label)
        return _load(max(known, key=lambda place: place.version))

    def serving(self, label: str) -> Model:
        """What the name of this `name@version` means by now.

        Raises:
            InvalidInputError, ModelError: as `get`.
        """
        return self.get(label.partition("@")[0])

    def versions(self, name: str) -> tuple[int, ...]:
        """Versions of this name, ascending, pruned ones too, whether or not their manifests are
        sound.
        """
        self._refresh()
        return tuple(place.version for place in self._places(name))

    def list(self) -> list[Model]:
        """Every model, by name and version, pruned ones too.

        Raises:
            ModelError: `bad_manifest`, or `duplicate_model`.
        """
        self._refresh()
        return [_load(place) for name in self._names() for place in self._places(name)]

    def _refresh(self) -> None:
        if self.mirror is not None:
            self.mirror.refresh(self.own)

    def _matching(self, name: str, version: str) -> tuple[_Place, ...]:
        places = self._places(name) if is_slug(name) else ()
        return tuple(place for place in places if version in {"", str(place.version)})

    def _names(self) -> Iterator[str]:
        folders = [*_folders(self.bundled), *_folders(self.own)]
        yield from sorted({folder.name for folder in folders if is_slug(folder.name)})

    def _places(self, name: str) -> tuple[_Place, ...]:
        places: dict[int, _Place] = {}
        for root in (self.bundled, self.own):
            for place in _places_in(root / name):
                if place.version in places:
                    raise ModelError(
                        "duplicate_model",
                        f"{place.file.parent} has the name and version of a bundled model; "
                        "move it to a higher version or to another name.",
                    )
                places[place.version] = place
        return tuple(places[version] for version in sorted(places))

    def _unknown(self, label: str) -> InvalidInputError:
        labels = [place.label for name in self._names() for place in self._places(name)]
        return InvalidInputError(
            "unknown_model",
            f"model: {label!r} is unknown; known models: {', '.join(labels) or 'none'}.",
        )


def model_store(settings: Settings) -> ModelStore:
    """The models that Trackloop ships and the user's own."""
    storage = open_storage(settings)
    return ModelStore(
        bundled=settings.model_repository,
        own=Paths(settings.storage_root).models(),
        mirror=ModelMirror(storage) if storage.folder is None else None,
    )


def states_of(models: Sequence[Model]) -> list[VersionState]:
    """Of every model, as `ModelStore.list` gives them: what its name means serves."""
    highest = {model.manifest.name: model.manifest.label for model in models}
    serving = {*highest.values()}
    return [
        "pruned" if model.pruned else "serving" if model.manifest.label in serving else "kept"
        for model in models
    ]


def _folders(root: Path) -> list[Path]:
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []


def _places_in(folder: Path) -> Iterator[_Place]:
    for version in _folders(folder):
        own = version / "model.json"
        document = own if own.is_file() else folder / "model.json"
        if is_version(version.name) and document.is_file():
            yield _Place(folder.name, int(version.name), document, version / "model.onnx")


def _load(place: _Place) -> Model:
    manifest = read_manifest(place.document)
    if manifest.name != place.name:
        raise bad_manifest(place.document, "name", f"must be {place.name!r}, as its folder")
    if manifest.version != str(place.version):
        raise bad_manifest(place.document, "version", f"must be {place.version}, as its folder")
    pruned = place.file.with_name(PRUNED_FILE).exists()
    return Model(manifest, place.file, pruned=pruned)


def _pruned(manifest: ModelManifest) -> ConflictError:
    return ConflictError(
        "model_pruned",
        f"{manifest.label} was deleted to make room for newer versions "
        f"(TRACKLOOP_KEEP_VERSIONS); name {manifest.name} for the one that serves, or deploy its "
        "training again.",
    )
