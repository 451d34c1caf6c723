"""Room for new versions: the files of old deployed ones go, their manifests stay.

A version is marked first, so that nobody can choose it any more, and only then its files are
deleted; killed in between, the next run ends it.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

from shared.errors import ConflictError
from shared.inference.model_mirror import PRUNED_FILE, WEIGHTS_FILE
from shared.inference.models import Model, ModelStore
from shared.inference.partial_version import partial_version
from shared.inference.roll_back import DEPLOYED_BY, ROLLED_BACK_FROM, version_before
from shared.storage.documents import write_document

_HEAVY = (WEIGHTS_FILE, "model.onnx")
"""model.onnx last: while it is there, there is something left to delete."""


def prune_versions(
    store: ModelStore, keep: int, in_use: Callable[[], Collection[str]]
) -> list[str]:
    """Delete the files of deployed versions that are not among the last of their name.

    The version that serves and the one before it stay in any case, and so do models that somebody
    added by hand.

    Args:
        keep: so many deployed versions of each name stay.
        in_use: labels of the versions that tasks are pinned to; asked before and after marking.

    Returns:
        Labels of the versions whose files went.

    Raises:
        ModelError: `bad_manifest`, or `duplicate_model`.
        TransientError: `disk_full`, or the storage does not answer as it should.
    """
    used, chosen = in_use(), []
    for model in list(_surplus(store, keep)):
        if model.manifest.label not in used:
            _mark(store, model)
            chosen.append(model)
        elif model.pruned and _files_of(model) <= _present(store, model):
            _unmark(store, model)
    # From here on nobody can choose them: whoever did so before and has committed is known by now.
    used, gone = in_use() if chosen else (), []
    for model in chosen:
        if model.manifest.label in used:
            _unmark(store, model)
        else:
            _delete(store, model)
            gone.append(model.manifest.label)
    return gone


def _surplus(store: ModelStore, keep: int) -> Iterator[Model]:
    own = [model for model in store.list() if model.path.is_relative_to(store.own)]
    for _, group in groupby(own, key=lambda model: model.manifest.name):
        versions = list(group)
        deployed = [model for model in versions if _is_deployed(model)]
        kept = {model.manifest.label for model in deployed[-keep:] if not model.pruned}
        kept |= _needed(store, versions)
        for model in deployed:
            left = _files_of(model) & _present(store, model)
            if model.manifest.label not in kept and left:
                yield model


def _is_deployed(model: Model) -> bool:
    return bool({DEPLOYED_BY, ROLLED_BACK_FROM} & model.manifest.metrics.keys())


def _needed(store: ModelStore, versions: Sequence[Model]) -> set[str]:
    """What serves, and what would come back."""
    present = store.known(versions[-1].manifest.name)
    try:
        return {present.manifest.label, version_before(store, present).manifest.label}
    except ConflictError:
        return {present.manifest.label}


def _files_of(model: Model) -> set[str]:
    """Those that pruning deletes."""
    return {"model.onnx"} | ({WEIGHTS_FILE} if model.manifest.weights_sha256 else set())


def _present(store: ModelStore, model: Model) -> set[str]:
    if store.mirror is not None:
        return store.mirror.files(model.manifest.name, model.manifest.version)
    return {file.name for file in model.path.parent.iterdir()}


def _mark(store: ModelStore, model: Model) -> None:
    """The bucket first: a mark that only this host has would be taken back."""
    folder, since = model.path.parent, {"pruned_at": datetime.now(UTC)}
    if store.mirror is not None:
        with partial_version(folder.parent) as place:
            write_document(place / PRUNED_FILE, since)
            store.mirror.mark(place / PRUNED_FILE, model.manifest.name, model.manifest.version)
    write_document(folder / PRUNED_FILE, since)


def _unmark(store: ModelStore, model: Model) -> None:
    if store.mirror is not None:
        store.mirror.delete(model.manifest.name, model.manifest.version, PRUNED_FILE)
    (model.path.parent / PRUNED_FILE).unlink(missing_ok=True)


def _delete(store: ModelStore, model: Model) -> None:
    if store.mirror is not None:
        store.mirror.delete(model.manifest.name, model.manifest.version, *_HEAVY)
    for name in _HEAVY:
        (model.path.parent / name).unlink(missing_ok=True)
