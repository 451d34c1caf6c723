"""Room for one run in the storage, cleared when the run ends, however it ends."""

import fcntl
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.storage.files import full_disk_as_error
from shared.storage.paths import Paths

_LOCK = ".lock"
_PREFIX = "run-"


@contextmanager
def workspace(paths: Paths, video: Path) -> Iterator[str]:
    """A fresh task id whose folders vanish at the end; detections and models stay.

    Folders of runs that were killed are cleared first: a living run holds a lock on its own.

    Raises:
        TransientError: `disk_full`.
    """
    for folder in paths.videos("").glob(f"{_PREFIX}*"):
        _clear_if_dead(paths, folder)
    stem = re.sub(r"[^A-Za-z0-9]+", "-", video.stem).strip("-")[:40]
    name = f"{stem}-{secrets.token_hex(4)}"
    unlocked, task_id = paths.videos(f".new-{name}"), f"{_PREFIX}{name}"
    with full_disk_as_error(paths.root):
        unlocked.mkdir(parents=True)
    with (unlocked / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Only now may others see it: without its lock they would take it for a dead run's.
        unlocked.rename(paths.videos(task_id))
        try:
            yield task_id
        finally:
            _clear(paths, task_id)


def _clear_if_dead(paths: Paths, folder: Path) -> None:
    try:
        with (folder / _LOCK).open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(paths, folder.name)
    except (BlockingIOError, FileNotFoundError, PermissionError):
        return  # alive, just being cleared by another run, or another user's


def _clear(paths: Paths, task_id: str) -> None:
    """Remove the folder with the lock last, so that a kill in between leaves it to be found."""
    for folder in (paths.results(task_id, ""), paths.videos(task_id)):
        if folder.exists():
            shutil.rmtree(folder)
