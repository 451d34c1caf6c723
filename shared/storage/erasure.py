"""Erase what a task left: people are filmed, and may be forgotten."""

from collections.abc import Sequence
from pathlib import Path

from shared.storage.paths import Paths
from shared.storage.port import Storage


def erase_files(storage: Storage, task_id: str, keys: Sequence[str]) -> None:
    """Delete the task's own folders, and the shared files that no other task needs.

    Raises:
        PermanentError: `key_outside_storage`.
        TransientError: the storage does not answer as it should.
    """
    for key in keys:
        storage.delete(key)
    places = Paths(Path())
    for folder in (
        places.videos(task_id), places.frames(task_id), places.results(task_id, ""),
        places.labels(task_id), places.train_log(task_id),
    ):  # fmt: skip
        storage.delete_under(f"{folder.as_posix()}/")
