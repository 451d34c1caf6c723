"""Uploads whose process died before it could write down whose they are."""

import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from shared.storage.paths import Paths

_TASK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def old_uploads(paths: Paths, before: datetime) -> Sequence[str]:
    """Ids of tasks of which nothing but a source lies here, all of it from before this time.

    The other files are written by steps, so a task that has them was written down.
    """
    return sorted(
        folder.name
        for folder in _folders(paths)
        if all(_is_upload(file) for file in folder.iterdir())
        and max(_modified(path) for path in (folder, *folder.iterdir())) < before.timestamp()
    )


def remove_upload(paths: Paths, task_id: str) -> None:
    """Delete what `old_uploads` named."""
    shutil.rmtree(paths.videos(task_id))


def _folders(paths: Paths) -> Iterator[Path]:
    videos = paths.videos("")
    if videos.is_dir():
        yield from (path for path in videos.iterdir() if _TASK.fullmatch(path.name))


def _is_upload(file: Path) -> bool:
    return file.name == "source" or file.name.startswith(".")


def _modified(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:
        return 0.0  # gone meanwhile; its folder is new then
