"""What all formats share when they are written."""

from pathlib import Path

from shared.domain.label import LabelledPicture, Size
from shared.errors import InvalidInputError
from shared.storage.files import publishing


def known_size(picture: LabelledPicture) -> Size:
    """Its size.

    Raises:
        InvalidInputError: `unknown_size`.
    """
    if picture.size is None:
        raise InvalidInputError(
            "unknown_size",
            f"{picture.name}: the labels do not tell its size, which this format needs; "
            "convert to yolo first, beside the pictures, and from there.",
        )
    return picture.size


def write_text(target: Path, text: str) -> None:
    """The whole file or nothing.

    Raises:
        TransientError: `disk_full`.
    """
    with publishing(target) as partial:
        partial.write_text(text, encoding="utf-8")
