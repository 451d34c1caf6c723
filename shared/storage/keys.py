"""Storage keys in owners' areas: names that users choose, and that must stay where they are put."""

from pathlib import Path

from shared.domain.principal import REMEDY, valid_principal
from shared.errors import InvalidInputError
from shared.storage.paths import AREAS, Paths

_LONGEST_KEY = 1000
"""Bytes; the database keeps so many characters."""
_LONGEST_PART = 200
"""Bytes; file systems take 255, and half-written files have longer names."""
_SHOWN = 100


def area_key(owner: str, path: str) -> str:
    """The storage key of a file in the owner's area.

    Args:
        path: relative to the area, as a client wrote it.

    Raises:
        InvalidInputError: `bad_path`, `bad_principal`.
    """
    if not valid_principal(owner):
        raise InvalidInputError("bad_principal", f"user_id: {owner!r} is none; give {REMEDY}.")
    key = f"{AREAS}/{owner}/{path}"
    fault = _fault(path) or ("is too long" if len(key.encode()) > _LONGEST_KEY else None)
    if fault:
        raise _bad(path, fault)
    return key


def path_in_area(key: str) -> str:
    """What `area_key` made the key from: the path as its owner knows it."""
    return key.split("/", 2)[-1]


def area_place(paths: Paths, key: str) -> Path:
    """Where the file of a key lies, or will; every link followed.

    Raises:
        InvalidInputError: `bad_path`: it is no key of an area, or a link leads out of the storage.
    """
    areas, _, rest = key.partition("/")
    owner, _, path = rest.partition("/")
    if areas != AREAS or area_key(owner, path) != key:
        raise _bad(key, "is no key of an area")
    try:
        real = (paths.root / key).resolve()
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        raise _bad(path, "cannot be followed") from error
    if not real.is_relative_to(paths.root.resolve()):
        raise _bad(path, "leads out of the storage")
    return real


def free_place(paths: Paths, key: str) -> Path:
    """Where a file of this key may be published; an older file there will be replaced.

    Raises:
        InvalidInputError: `bad_path`, also where a folder has this name, or a file the name of one
            of its folders.
    """
    real = area_place(paths, key)
    if real.is_dir():
        raise _bad(path_in_area(key), "names a folder that is there")
    above = next(folder for folder in real.parents if folder.exists())
    if not above.is_dir():
        raise _bad(path_in_area(key), "names a file as if it were a folder")
    return real


def _fault(path: str) -> str | None:
    """What makes this no path of an area; None for a good one."""
    parts = path.split("/")
    if path.startswith("/"):
        return "is absolute"
    if not path.isprintable() or "\\" in path:
        return "holds a backslash or a character that cannot be shown"
    if not {"", ".", ".."}.isdisjoint(parts):
        return "has an empty, . or .. part"
    if any(len(part.encode()) > _LONGEST_PART for part in parts):
        return f"has a part of more than {_LONGEST_PART} bytes"
    return None


def _bad(path: str, fault: str) -> InvalidInputError:
    shown = "".join(c if c.isprintable() else "�" for c in path[:_SHOWN])
    return InvalidInputError(
        "bad_path", f"The path {shown!r} {fault}; name a place in your own area, as clips/a.mp4."
    )
