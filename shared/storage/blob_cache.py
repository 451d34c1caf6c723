"""What this host fetched, by its hash: one download serves every step and task that needs it."""

import fcntl
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from shared.errors import TransientError
from shared.storage.files import link_or_copy

_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Blob:
    """Some bytes, by their SHA-256 and how many they are."""

    sha256: str
    size: int


Fetch = Callable[[Path], str]
"""Publishes the bytes at a path; their SHA-256."""


class BlobCache:
    """Files under `blobs/`, named by their hashes; safe for many processes of this host.

    A file of a step is a link to its blob, so that neither can lose the other's bytes. The limit
    counts what is kept; a blob that a running step links is not evicted, since that frees nothing.
    """

    def __init__(self, folder: Path, most_bytes: int) -> None:
        self.folder, self._most = folder, most_bytes
        self._blobs, self._locks = folder / "blobs", folder / "locks"

    @property
    def work(self) -> Path:
        """Where the folders of running steps are; on the blobs' file system."""
        return self.folder / "work"

    def place(self, blob: Blob, target: Path, fetch: Fetch, on_wait: Callable[[], None]) -> None:
        """Link the blob to `target`, fetched before unless it is here; two never fetch it at once.

        Args:
            on_wait: called while another process fetches it; what it raises ends the wait.

        Raises:
            TransientError: `download_corrupted`: other bytes came, and none are kept.
        """
        with self._only_one(blob.sha256, on_wait):
            if self._link(blob, target):
                return
            if fetch(target) != blob.sha256 or target.stat().st_size != blob.size:
                target.unlink(missing_ok=True)
                raise TransientError(
                    "download_corrupted",
                    f"{target.name}: other bytes came than were stored; the step is run again.",
                )
            self.adopt(target, blob.sha256)

    def adopt(self, file: Path, sha256: str) -> None:
        """Keep a file whose hash is known; nobody may write to it any more."""
        self._blobs.mkdir(parents=True, exist_ok=True)
        # A file system without links: it is fetched again where it is needed.
        with suppress(OSError):
            (self._blobs / sha256).hardlink_to(file)
        self._touch(sha256)

    def trim(self, coming: int = 0) -> None:
        """Evict what was used longest ago until the limit holds.

        Args:
            coming: bytes that are about to be added.
        """
        self._blobs.mkdir(parents=True, exist_ok=True)
        with self._lock("trim") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            found = sorted(self._facts(), key=lambda entry: entry[1].st_mtime_ns)
            excess = sum(facts.st_size for _, facts in found) + coming - self._most
            for path, facts in found:
                if excess <= 0:
                    return
                if facts.st_nlink == 1:
                    path.unlink(missing_ok=True)
                    excess -= facts.st_size

    def hashes(self) -> Sequence[str]:
        """What is here."""
        return [path.name for path, _ in self._facts()]

    def forget(self, hashes: Iterable[str]) -> None:
        """Drop these at once; a running step keeps its own link."""
        for sha256 in hashes:
            (self._blobs / sha256).unlink(missing_ok=True)

    def _link(self, blob: Blob, target: Path) -> bool:
        path = self._blobs / blob.sha256
        try:
            if path.stat().st_size != blob.size:
                path.unlink(missing_ok=True)  # a disk that lost bytes
                return False
            link_or_copy(path, target)
        except FileNotFoundError:
            return False  # not here, or evicted just now
        self._touch(blob.sha256)
        return True

    def _touch(self, sha256: str) -> None:
        with suppress(FileNotFoundError):
            os.utime(self._blobs / sha256)

    def _facts(self) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self._blobs.glob("*"):
            with suppress(FileNotFoundError):
                yield path, path.stat()

    @contextmanager
    def _only_one(self, sha256: str, on_wait: Callable[[], None]) -> Iterator[None]:
        # One of 256 files, so that none of them ever needs to be removed.
        with self._lock(sha256[:2]) as lock:
            while True:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    on_wait()
                    time.sleep(_LOOK_SECONDS)
            yield

    @contextmanager
    def _lock(self, name: str) -> Iterator[int]:
        self._locks.mkdir(parents=True, exist_ok=True)
        with (self._locks / name).open("w") as file:
            yield file.fileno()
