"""The files of a folder while a process writes and deletes in it."""

import os
from pathlib import Path


def files_in(folder: Path) -> list[Path]:
    """The files under folder; what goes away meanwhile is passed over.

    Unlike `Path.rglob`, which raises for a folder that is deleted while it looks.
    """
    return [Path(parent, name) for parent, _, names in os.walk(folder) for name in names]


def stamps_in(folder: Path) -> dict[str, int]:
    """When each file under folder was written, in ns since the epoch, by its path in there."""
    stamps = {}
    for file in files_in(folder):
        try:
            stamps[str(file.relative_to(folder))] = file.stat().st_mtime_ns
        except FileNotFoundError:
            continue  # deleted since it was listed
    return stamps
