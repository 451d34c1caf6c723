"""What a storage does: whole files under keys, wherever they lie."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from shared.errors import PermanentError
from shared.storage.files import OnBytes, nobody, publishing


@dataclass(frozen=True, slots=True)
class Found:
    """A file of the storage. `size` in bytes; `modified` when it was last written, UTC."""

    key: str
    size: int
    modified: datetime


class Storage(Protocol):
    """Files by key. A key is a path without a leading slash, and names a whole file or nothing.

    Every method raises TransientError where the storage does not answer as it should
    (`storage_unreachable`, `storage_refused`, `bucket_missing`, `disk_full`).
    """

    @property
    def folder(self) -> Path | None:
        """The folder whose files these are, in place; None where they must be fetched and sent."""

    def check(self) -> None:
        """Whether it can be read and written now.

        Raises:
            InvalidInputError: what to correct in the settings.
            TransientError: it does not answer.
        """

    def find(self, key: str) -> Found | None:
        """What lies there."""

    def list(self, prefix: str) -> Iterator[Found]:
        """Every file under a folder, whose name ends in a slash."""

    def folders(self, prefix: str) -> Sequence[str]:
        """Names of the folders in a folder, whose name ends in a slash."""

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The bytes from `start` up to `stop` (None: the end), in pieces; opened at once.

        Raises:
            PermanentError: `artefact_missing`.
        """

    def send(self, file: Path, key: str, on_bytes: OnBytes = nobody) -> None:
        """Put the file there in place of any other; what `on_bytes` raises leaves the old one."""

    def create(self, file: Path, key: str) -> bool:
        """Put a file that fits into memory there; False where there is one already, which stays."""

    def delete(self, key: str) -> None:
        """Delete the file, if there is one."""

    def delete_under(self, prefix: str) -> None:
        """Delete a folder, whose name ends in a slash, with all that is in it."""


def fetch(storage: Storage, key: str, target: Path, on_bytes: OnBytes = nobody) -> str:
    """Publish a file of the storage as `target`; the SHA-256 of what came, hexadecimal.

    Raises:
        PermanentError: `artefact_missing`.
        TransientError: the storage does not answer as it should, or `disk_full`.
    """
    digest, done = hashlib.sha256(), 0
    with publishing(target) as partial, partial.open("wb") as file:
        for piece in storage.read(key):
            digest.update(piece)
            file.write(piece)
            done += len(piece)
            on_bytes(done)
    return digest.hexdigest()


def artefact_missing(key: str) -> PermanentError:
    """The error for a file that should be there."""
    return PermanentError(
        "artefact_missing", f"{key} is not in the storage any more; submit the task again."
    )
