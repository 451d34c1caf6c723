"""Uploads whose process died before it could write down whose they are."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from shared.storage.paths import Paths
from shared.storage.port import Storage

_TASK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def old_uploads(storage: Storage, before: datetime) -> Sequence[str]:
    """Ids of tasks that may have left nothing but an upload, all of it from before this time.

    The other files are written by steps, so a task that has them was written down. Where looking
    into every folder takes a request each, the ids tell their age, and `remove_upload` looks.
    """
    if storage.folder is None:
        names = storage.folders("videos/")
        return [name for name in names if _TASK.fullmatch(name) and _made(name) < before]
    return sorted(
        folder.name
        for folder in _folders(Paths(storage.folder))
        if all(_is_upload(file) for file in folder.iterdir())
        and max(_modified(path) for path in (folder, *folder.iterdir())) < before.timestamp()
    )


def remove_upload(storage: Storage, task_id: str) -> None:
    """Delete what `old_uploads` named, if it is an upload."""
    folder = f"{Paths(Path()).videos(task_id).as_posix()}/"
    if storage.folder is not None or all(
        found.key == f"{folder}source" for found in storage.list(folder)
    ):
        storage.delete_under(folder)


def _made(task_id: str) -> datetime:
    """A UUIDv7 begins with milliseconds since 1970."""
    return datetime.fromtimestamp((UUID(task_id).int >> 80) / 1000, UTC)


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
