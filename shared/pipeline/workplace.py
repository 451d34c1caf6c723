"""Where a claimed step works: in the storage itself, or among copies of what it declared."""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from shared.db.tables import ArtefactRow
from shared.errors import PermanentError, TrackloopError, TransientError
from shared.fetch.picture_folder import folder_key, pictures_in
from shared.fetch.source import StorageSource, parse_source
from shared.pipeline.leases import Claim
from shared.pipeline.step import FOLDER, SOURCE, Files, Terms
from shared.pipeline.tools import Tools
from shared.storage.attempts import attempt_folder, is_kept, is_shared, place_of
from shared.storage.blob_cache import Blob, BlobCache
from shared.storage.files import Artefact, artefact, sha256_of
from shared.storage.locked_folder import clear_dead, locked_folder
from shared.storage.paths import Paths
from shared.storage.port import Storage, fetch

log = logging.getLogger(__name__)

_SENT_AT_ONCE = 4

Check = Callable[[], None]
"""Raises where going on is of no use."""
Rows = Callable[[], Sequence[ArtefactRow]]
"""What committed steps of the task left."""
Kept = tuple[tuple[Artefact, str], ...]
"""What a step left, with its keys."""


class Workplace(Protocol):
    """Where one attempt of a step works. `paths`: what its function is given."""

    paths: Paths

    def bring(self, terms: Terms, rows: Rows, check: Check) -> None:
        """Put the files there that the step needs, out of those that the task has."""

    def bring_shared(self, files: Callable[[], Files], check: Check) -> None:
        """Put what other tasks left of the step's own work there, so that it is not done twice."""

    def keep(self, files: Files, check: Check) -> Kept:
        """Hash what the step left, and put it where the commit will say that it is."""


@contextmanager
def workplace(tools: Tools, claim: Claim) -> Iterator[Workplace]:
    """A place for the claim; where the block fails, nothing that it sent stays."""
    if tools.storage.folder is not None:
        yield _InPlace(tools.paths)
        return
    cache = BlobCache(tools.settings.cache_folder, tools.settings.cache_bytes)
    clear_dead(cache.work)
    ref = claim.ref
    name = f"{ref.task_id}-{ref.name}-{ref.part}-{claim.fence}"
    with locked_folder(cache.work, name) as root:
        try:
            yield _Copies(Paths(root, private=True), tools, cache, claim)
        except BaseException:
            discard(tools.storage, claim)
            raise


def discard(storage: Storage, claim: Claim) -> None:
    """Delete what an attempt sent that was not committed; what stays goes with the task."""
    if storage.folder is not None:
        return
    try:
        storage.delete_under(_attempt(claim))
    except TrackloopError as error:
        log.warning("%s %s: its files stay for now: %s", claim.ref.task_id, claim.ref.name, error)


def _attempt(claim: Claim) -> str:
    return attempt_folder(claim.ref.task_id, claim.ref.name, claim.ref.part, claim.fence)


class _InPlace:
    """Every file lies where steps look for it already, and stays there."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths

    def bring(self, terms: Terms, rows: Rows, check: Check) -> None:
        """Nothing to do."""

    def bring_shared(self, files: Callable[[], Files], check: Check) -> None:
        """Nothing to do."""

    def keep(self, files: Files, check: Check) -> Kept:
        """Hash the files."""
        return tuple(
            (artefact(path, name, lambda _: check()), _place(self.paths, path))
            for name, path in files.items()
        )


class _Copies:
    """Files come from the storage, most by way of this host's cache, and go to it."""

    def __init__(self, paths: Paths, tools: Tools, cache: BlobCache, claim: Claim) -> None:
        self.paths = paths
        self._storage, self._settings = tools.storage, tools.settings
        self._cache, self._claim = cache, claim
        self._task = claim.task
        self._rows: Mapping[str, ArtefactRow] = {}
        self._shared: set[str] = set()

    def bring(self, terms: Terms, rows: Rows, check: Check) -> None:
        with_source = SOURCE in terms.needs
        wanted = [
            row for row in rows()
            if terms.needs_file(row.name) or (with_source and row.name == "source")
        ]  # fmt: skip
        self._cache.trim(coming=sum(row.size for row in wanted))
        for row in wanted:
            target = self.paths.root / place_of(row.task_id, row.key)
            blob = Blob(row.sha256, row.size)
            self._cache.place(blob, target, partial(self._fetch, row.key, check), check)
        self._rows = {row.name: row for row in wanted if row.task_id == self._task.id}
        source = parse_source(self._task.source) if with_source else None
        if isinstance(source, StorageSource):
            # No row of this task knows its hash; where it is missing, the step says so.
            self._bring_unknown(source.key, check)
        if FOLDER in terms.needs and (folder := folder_key(self._task.source)) is not None:
            self._bring_folder(folder, check)

    def bring_shared(self, files: Callable[[], Files], check: Check) -> None:
        places = [_place(self.paths, path) for path in files().values()]
        self._shared = {
            place for place in places if is_shared(place) and self._bring_unknown(place, check)
        }

    def keep(self, files: Files, check: Check) -> Kept:
        for path in files.values():
            if is_shared(place := _place(self.paths, path)):
                self._share(path, place, check)
        # A task may extract thousands of pictures: what takes time is to wait for the storage.
        with ThreadPoolExecutor(_SENT_AT_ONCE, thread_name_prefix="send") as pool:
            kept = tuple(pool.map(lambda name: self._keep(name, files[name], check), files))
        self._cache.trim()
        return kept

    def _keep(self, name: str, path: Path, check: Check) -> tuple[Artefact, str]:
        place = _place(self.paths, path)
        known = artefact(path, name, lambda _: check())
        if is_shared(place):
            return known, place
        row = self._rows.get(name)
        if row is not None and row.sha256 == known.sha256:
            return known, row.key  # an upload, say, which is where it should be
        key = place if is_kept(place) else f"{_attempt(self._claim)}{place}"
        check()
        self._storage.send(path, key, lambda _: check())
        self._cache.adopt(path, known.sha256)
        return known, key

    def _share(self, path: Path, place: str, check: Check) -> None:
        """Create it; where somebody was quicker, take theirs."""
        if place in self._shared and self._storage.find(place) is not None:
            return
        if self._storage.create(path, place):
            self._cache.adopt(path, sha256_of(path))
        elif not self._bring_unknown(place, check):
            raise TransientError(
                "artefact_contended", f"{place} came and went meanwhile; the step is run again."
            )

    def _bring_unknown(self, key: str, check: Check) -> bool:
        """Fetch what only its key tells; False where there is nothing."""
        if self._storage.find(key) is None:
            return False
        target = self.paths.root / key
        try:
            digest = self._fetch(key, check, target)
        except PermanentError:
            return False  # erased since
        self._cache.adopt(target, digest)
        return True

    def _bring_folder(self, key: str, check: Check) -> None:
        found = pictures_in(self._storage, key, self._settings)
        self._cache.trim(coming=sum(each.size for each in found))
        for each in found:
            check()
            self._bring_unknown(each.key, check)

    def _fetch(self, key: str, check: Check, target: Path) -> str:
        return fetch(self._storage, key, target, lambda _: check())


def _place(paths: Paths, path: Path) -> str:
    return path.relative_to(paths.root).as_posix()
