"""A folder for one piece of work, which vanishes with it, also where its process was killed."""

import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.storage.files import full_disk_as_error

_LOCK = ".lock"


@contextmanager
def locked_folder(place: Path, name: str) -> Iterator[Path]:
    """A new folder of this name in `place`, removed at the end.

    Raises:
        TransientError: `disk_full`.
    """
    unlocked = place / f".new-{secrets.token_hex(8)}"
    with full_disk_as_error(place):
        unlocked.mkdir(parents=True)
    with (unlocked / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only now may others see it: without its lock they would take it for a dead one's.
        folder = unlocked.rename(place / name)
        try:
            yield folder
        finally:
            _clear(folder)


def clear_dead(place: Path, pattern: str = "[!.]*") -> None:
    """Remove folders whose processes were killed: a living one holds a lock on its own.

    Args:
        pattern: of the folders' names.
    """
    for folder in place.glob(pattern):
        try:
            with (folder / _LOCK).open("r+") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _clear(folder)
        except (BlockingIOError, FileNotFoundError, PermissionError):
            continue  # alive, just being cleared by another process, or another user's


def _clear(folder: Path) -> None:
    """The lock goes last, so that a kill in between leaves the folder to be found."""
    for path in folder.iterdir():
        if path.name == _LOCK:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    (folder / _LOCK).unlink()
    folder.rmdir()
