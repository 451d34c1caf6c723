"""A folder of an owner's area whose pictures people are to label.

The source of such a task is `storage:KEY/`: a key that ends in a slash names a folder.
"""

from collections.abc import Sequence

from shared.domain.label import PICTURE_SUFFIXES
from shared.domain.task import MOST_PICTURES
from shared.errors import InvalidInputError, NotFoundError, TooLargeError
from shared.fetch.scheme import STORAGE
from shared.fetch.source import StorageSource, parse_source
from shared.settings import Settings
from shared.storage.keys import area_key, path_in_area
from shared.storage.port import Found, Storage

LARGEST_PICTURE = 64 * 2**20
"""Bytes."""


def folder_source(owner: str, path: str) -> str:
    """The source of a task about this folder.

    Args:
        path: relative to the owner's area, with a slash at its end or without.

    Raises:
        InvalidInputError: `bad_path`, `bad_principal`.
    """
    return f"{STORAGE}:{area_key(owner, path.removesuffix('/'))}/"


def folder_key(source: str) -> str | None:
    """The key of the folder that a source names, with a slash at its end; None for others."""
    found = parse_source(source)
    return found.key if isinstance(found, StorageSource) and found.key.endswith("/") else None


def pictures_in(storage: Storage, key: str, settings: Settings) -> Sequence[Found]:
    """Its pictures, by path, those of folders in it too; nothing is opened.

    Raises:
        NotFoundError: `no_such_folder`, also where nothing lies in it.
        InvalidInputError: `bad_folder`: it is a file, or holds another thing than pictures, or too
            many of them.
        TooLargeError: `too_many_bytes`.
        TransientError: the storage does not answer as it should.
    """
    shown = path_in_area(key)
    if storage.find(key.removesuffix("/")) is not None:
        raise _bad(shown.removesuffix("/"), "is a file", "name the folder that it lies in")
    found: list[Found] = []
    for each in storage.list(key):
        if len(found) == MOST_PICTURES:
            raise _bad(shown, f"holds more than {MOST_PICTURES} pictures", "divide them")
        _check(each)
        found.append(each)
    if not found:
        raise NotFoundError(
            "no_such_folder",
            f"folder_path: nothing lies in {shown} of your area; put pictures there by POST "
            "/video/upload or /video/download.",
        )
    if sum(each.size for each in found) > settings.max_video_bytes:
        raise TooLargeError(
            "too_many_bytes",
            f"folder_path: {shown} holds more than {settings.max_video_bytes} bytes; divide it or "
            "raise TRACKLOOP_MAX_VIDEO_BYTES.",
        )
    return sorted(found, key=lambda each: each.key)


def _check(found: Found) -> None:
    name = path_in_area(found.key)
    if not name.lower().endswith(PICTURE_SUFFIXES):
        raise _bad(
            name, f"does not end in {', '.join(PICTURE_SUFFIXES)}",
            "name a folder that holds pictures alone",
        )  # fmt: skip
    if found.size == 0:
        raise _bad(name, "is empty", "replace it or remove it")
    if found.size > LARGEST_PICTURE:
        raise TooLargeError(
            "too_many_bytes",
            f"folder_path: {name} has more than {LARGEST_PICTURE} bytes; make it smaller or remove "
            "it.",
        )


def _bad(shown: str, fault: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("bad_folder", f"folder_path: {shown} {fault}; {remedy}.")
