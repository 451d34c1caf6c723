"""Artefacts appear whole or not at all, and are known by their hash."""

import errno
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from shared.errors import TransientError

_FULL = (errno.ENOSPC, errno.EDQUOT)
_PIECE_BYTES = 2**20

OnBytes = Callable[[int], None]
"""Told how many bytes are done; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Artefact:
    """A published file: its name under the results folder, hash and size in bytes."""

    name: str
    sha256: str
    size: int


@contextmanager
def full_disk_as_error(place: Path) -> Iterator[None]:
    """Turn the operating system's "no space" into `disk_full`, which says where.

    Raises:
        TransientError: `disk_full`.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise
        raise TransientError(
            "disk_full", f"{place}: the disk is full; free some space and run the task again."
        ) from error


@contextmanager
def publishing(target: Path, *, workplace: Path | None = None) -> Iterator[Path]:
    """Give a path to write to; on success it becomes `target`, otherwise nothing stays.

    The temporary path keeps the target's suffix, which media muxers look at.

    Args:
        workplace: folder of the temporary path, on the target's file system; else the target's.
            What a killed process leaves there goes with that folder.

    Raises:
        TransientError: `disk_full`.
    """
    place = workplace or target.parent
    with full_disk_as_error(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place, prefix=".part-", suffix=target.suffix)
        os.close(handle)
        partial = Path(name)
        try:
            partial.chmod(0o644)  # now, since a link put here later shares its mode with its source
            yield partial
            with partial.open("rb") as written:
                os.fsync(written.fileno())
            # Made anew: an erasure may have removed the folder, empty until now, meanwhile.
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)


@contextmanager
def publishing_folder(target: Path, *, workplace: Path | None = None) -> Iterator[Path]:
    """Like `publishing`, for a folder; an older `target` stays whole until it is replaced.

    Args:
        workplace: see `publishing`.

    Raises:
        TransientError: `disk_full`.
    """
    with full_disk_as_error(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(dir=workplace or target.parent, prefix=".part-"))
        new, old = place / "new", place / "old"
        try:
            new.mkdir()
            yield new
            if target.exists():
                target.replace(old)
            new.replace(target)
        finally:
            if old.exists() and not target.exists():
                old.replace(target)  # interrupted between the two
            shutil.rmtree(place, ignore_errors=True)


def write_bytes(target: Path, content: bytes) -> None:
    """Publish a small file."""
    with publishing(target) as partial:
        partial.write_bytes(content)


def nobody(_: int) -> None:
    """Nobody wants to know."""


def sha256_of(path: Path, on_bytes: OnBytes = nobody) -> str:
    """SHA-256 of a file, hexadecimal, read in pieces."""
    digest = hashlib.sha256()
    for piece in pieces(path, on_bytes):
        digest.update(piece)
    return digest.hexdigest()


def artefact(path: Path, name: str, on_bytes: OnBytes = nobody) -> Artefact:
    """Describe a published file."""
    return Artefact(name, sha256_of(path, on_bytes), path.stat().st_size)


def copy_file(
    source: Path, target: Path, *, workplace: Path | None = None, on_bytes: OnBytes = nobody
) -> None:
    """Publish the bytes of `source` as `target`.

    Args:
        workplace: see `publishing`.

    Raises:
        TransientError: `disk_full`.
    """
    with publishing(target, workplace=workplace) as partial:
        _copy(source, partial, on_bytes)


def link_or_copy(
    source: Path, target: Path, *, workplace: Path | None = None, on_bytes: OnBytes = nobody
) -> None:
    """Publish `source` as `target` without copying bytes where the file system allows it.

    Args:
        workplace: see `publishing`.

    Raises:
        TransientError: `disk_full`.
    """
    with publishing(target, workplace=workplace) as partial:
        partial.unlink()
        try:
            partial.hardlink_to(source)
        except OSError as error:
            if error.errno in _FULL:
                raise
            _copy(source, partial, on_bytes)


def _copy(source: Path, target: Path, on_bytes: OnBytes) -> None:
    with target.open("wb") as file:
        for piece in pieces(source, on_bytes):
            file.write(piece)


def pieces(path: Path, on_bytes: OnBytes) -> Iterator[bytes]:
    """The bytes of a file in order, 1 MiB at a time."""
    done = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            done += len(piece)
            on_bytes(done)
            yield piece
