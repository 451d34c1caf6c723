"""A version that is not whole yet: a hidden folder beside the others, gone with its process.

A rename makes it appear. What a killed process left goes when the next one works at the same name.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.storage.files import full_disk_as_error
from shared.storage.locked_folder import clear_dead, locked_folder

_PREFIX = ".part-"


@contextmanager
def partial_version(place: Path) -> Iterator[Path]:
    """An empty folder in `place`, on its file system; what is still there at the end goes.

    Args:
        place: folder of a model's versions; made where it is missing.

    Raises:
        TransientError: `disk_full`.
    """
    clear_partial_versions(place)
    with (
        full_disk_as_error(place),
        locked_folder(place, f"{_PREFIX}{secrets.token_hex(8)}") as holder,
    ):
        folder = holder / "version"
        folder.mkdir(mode=0o755)
        yield folder


def clear_partial_versions(place: Path) -> None:
    """Remove what killed processes left in `place`; whoever lives is not disturbed."""
    clear_dead(place, f"{_PREFIX}*")
