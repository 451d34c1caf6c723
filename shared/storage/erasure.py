"""Erase what a task left: people are filmed, and may be forgotten."""

import shutil
from collections.abc import Sequence

from shared.errors import PermanentError
from shared.storage.paths import Paths


def erase_files(paths: Paths, task_id: str, keys: Sequence[str]) -> None:
    """Delete the task's own folders, and the shared files that no other task needs.

    Args:
        keys: places under the storage root.

    Raises:
        PermanentError: `key_outside_storage`.
    """
    for key in keys:
        file = paths.root / key
        if not file.resolve().is_relative_to(paths.root.resolve()):
            raise PermanentError("key_outside_storage", f"{key} lies outside the storage.")
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()
    for folder in (paths.videos(task_id), paths.frames(task_id), paths.results(task_id, "")):
        if folder.exists():
            shutil.rmtree(folder)
