"""A file that is in the storage already as a source."""

from pathlib import Path

from shared.errors import InvalidInputError
from shared.fetch.local_file import check_size, no_such_file, usable_file
from shared.fetch.source import StorageSource
from shared.settings import Settings
from shared.storage.keys import area_place, path_in_area
from shared.storage.paths import Paths
from shared.storage.port import Storage


def stored_file(source: StorageSource, paths: Paths, settings: Settings) -> Path:
    """The real file of an area.

    Raises:
        InvalidInputError: `bad_path`, `no_such_file`, `not_a_file`.
        MediaError: `empty_file`, `too_many_bytes`.
    """
    real = area_place(paths, source.key)
    return usable_file(real, path_in_area(source.key), settings)


def check_stored(source: StorageSource, storage: Storage, settings: Settings) -> None:
    """What can be known of a file of an area before anybody fetches it.

    Raises:
        InvalidInputError: `bad_path`, `no_such_file`, `not_a_file`.
        MediaError: `empty_file`, `too_many_bytes`.
        TransientError: the storage does not answer as it should.
    """
    if storage.folder is not None:
        stored_file(source, Paths(storage.folder), settings)
        return
    name = path_in_area(source.key)
    found = storage.find(source.key)
    if found is None:
        raise no_such_file(name)
    check_size(found.size, name, settings)


def uploaded_file(name: str, place: Path, settings: Settings) -> Path:
    """The file that came with a task and was put at `place`.

    Args:
        name: what messages call it.

    Raises:
        InvalidInputError: `upload_missing`.
        MediaError: `empty_file`, `too_many_bytes`.
    """
    if not place.is_file():
        raise InvalidInputError("upload_missing", f"{name} did not arrive; upload it again.")
    return usable_file(place, name, settings)
