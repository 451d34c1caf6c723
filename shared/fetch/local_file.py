"""A file on this machine as a source: it must lie where sources may lie."""

import stat
from pathlib import Path, PurePath

from shared.errors import InvalidInputError
from shared.fetch.intake import empty_file, too_many_bytes
from shared.fetch.shown import shown
from shared.settings import Settings


def allowed_file(path: Path, settings: Settings) -> Path:
    """The real file behind `path`, links and `..` resolved.

    Raises:
        InvalidInputError: `path_not_allowed`, `no_such_file`, `not_a_file`.
        MediaError: `empty_file`, `too_many_bytes`.
    """
    name = shown(str(path))
    try:
        real = path.resolve()
    except (OSError, RuntimeError, ValueError) as error:  # ValueError: a NUL in the name
        raise no_such_file(name) from error
    # Before anything is said about the file: nobody may learn what lies outside.
    _check_folder(name, real, settings)
    return usable_file(real, name, settings)


def usable_file(real: Path, name: str, settings: Settings) -> Path:
    """`real`, if it is a file that can be a video, going by what the file system says.

    Args:
        name: what messages call it.

    Raises:
        InvalidInputError: `no_such_file`, `not_a_file`.
        MediaError: `empty_file`, `too_many_bytes`.
    """
    try:
        found = real.stat()
    except (OSError, ValueError) as error:
        raise no_such_file(name) from error
    if not stat.S_ISREG(found.st_mode):
        raise InvalidInputError("not_a_file", f"{name} is not a regular file; name a video file.")
    check_size(found.st_size, name, settings)
    return real


def check_size(size: int, name: str, settings: Settings) -> None:
    """Refuse a file of so many bytes that cannot be a video.

    Raises:
        MediaError: `empty_file`, `too_many_bytes`.
    """
    if size == 0:
        raise empty_file(PurePath(name).name)
    if size > settings.max_video_bytes:
        raise too_many_bytes(PurePath(name).name, settings.max_video_bytes)


def no_such_file(name: str) -> InvalidInputError:
    """The refusal of a file that is not there."""
    return InvalidInputError(
        "no_such_file", f"{name}: there is no such file that can be read; check the path."
    )


def _check_folder(name: str, real: Path, settings: Settings) -> None:
    folders = [folder.resolve() for folder in settings.allowed_folders]
    if not folders:
        return
    if not any(real.is_relative_to(folder) for folder in folders):
        raise InvalidInputError(
            "path_not_allowed",
            f"{name} lies outside the allowed folders; "
            "move it into one of them or extend TRACKLOOP_ALLOWED_FOLDERS.",
        )
    # Where folders are set there are several users, and an allowed folder may hold the storage.
    if real.is_relative_to(settings.storage_root.resolve()):
        raise InvalidInputError(
            "path_not_allowed",
            f"{name} lies in Trackloop's own storage; name it by its path in your area.",
        )
