"""How large a picture is, before anybody works with its pixels."""

import struct
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from shared.domain.label import PICTURE_SUFFIXES, Size
from shared.labels.reading import refuse

SUFFIXES = PICTURE_SUFFIXES
FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
"""Nothing else is opened, whatever a file is called: Pillow reads many more."""
_SIDEWAYS = (5, 6, 7, 8)
UNREADABLE = (
    UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError,
    struct.error,
)  # fmt: skip
"""What Pillow raises of files that are broken, or made to break it."""


def picture_size(file: Path) -> Size:
    """Width and height as it is shown: a camera that was held upright says so in the EXIF data.

    That may lie behind the pixels of a PNG, which are then decoded, after its head was looked at.

    Raises:
        InvalidInputError: `bad_labels`: it is no picture.
    """
    try:
        with Image.open(file, formats=FORMATS) as picture:
            width, height = picture.size
            sideways = picture.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
    except UNREADABLE:
        refuse(file.name, "is no picture that can be read", "replace it or remove it")
    return (height, width) if sideways else (width, height)
