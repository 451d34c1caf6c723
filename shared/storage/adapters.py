"""Where files are kept: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from shared.errors import InvalidInputError
from shared.settings import Settings
from shared.storage.port import Storage

ADAPTERS: Mapping[str, str] = {
    "file": "shared.storage.folder_storage:open_folder_storage",
    "s3": "shared.storage.s3_storage:open_s3_storage",
}


def open_storage(settings: Settings) -> Storage:
    """The storage that the settings name. Nothing is connected to before it is used.

    Raises:
        InvalidInputError: `unknown_storage`.
    """
    scheme = settings.storage_url.partition(":")[0].lower()
    target = ADAPTERS.get(scheme)
    if target is None:
        raise InvalidInputError(
            "unknown_storage",
            f"TRACKLOOP_STORAGE_URL: the scheme is unknown; known schemes: {', '.join(ADAPTERS)}.",
        )
    module, _, name = target.partition(":")
    opener: Callable[[Settings], Storage] = getattr(importlib.import_module(module), name)
    return opener(settings)


def check_storage(settings: Settings) -> None:
    """Whether files can be kept as the settings say; asked when a process starts.

    Raises:
        InvalidInputError: `unknown_storage`, `bucket_missing`, `storage_refused`,
            `storage_not_writable`.
        TransientError: `storage_unreachable`.
    """
    storage = open_storage(settings)
    if storage.folder is None:
        check_writable(settings.cache_folder, "TRACKLOOP_CACHE_FOLDER")
    storage.check()


def check_writable(folder: Path, setting: str) -> None:
    """Whether files can be made there, or the folder itself.

    Raises:
        InvalidInputError: `storage_not_writable`.
    """
    place = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        tempfile.TemporaryFile(dir=place).close()
    except OSError as error:
        raise InvalidInputError(
            "storage_not_writable",
            f"{setting}: {place} cannot be written ({error.strerror}); "
            "give this user the right to write there or name another folder.",
        ) from error
