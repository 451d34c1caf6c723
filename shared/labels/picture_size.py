"""How large a picture is, from its head alone."""

from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from shared.domain.label import Size
from shared.labels.reading import refuse

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
_SIDEWAYS = (5, 6, 7, 8)


def picture_size(file: Path) -> Size:
    """Width and height as it is shown: a camera that was held upright says so in the EXIF data.

    Raises:
        InvalidInputError: `bad_labels`: it is no picture.
    """
    try:
        with Image.open(file) as picture:
            width, height = picture.size
            sideways = picture.getexif().get(ExifTags.Base.Orientation) in _SIDEWAYS
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError):
        refuse(file.name, "is no picture that can be read", "replace it or remove it")
    return (height, width) if sideways else (width, height)
