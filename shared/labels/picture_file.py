"""The pixels of a picture file, which may be a stranger's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from shared.labels.picture_size import picture_size
from shared.labels.reading import refuse

_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")


def read_picture(file: Path) -> NDArray[np.uint8]:
    """The upright picture, uint8 (H, W, 3) RGB.

    Raises:
        InvalidInputError: `bad_labels`: it is missing, no picture, cut off, or so large that
            Pillow takes it for a bomb.
    """
    picture_size(file)  # from its head alone: a bomb is refused before it goes off
    try:
        with Image.open(file, formats=_FORMATS) as picture:
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), np.uint8)
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError):
        refuse(file.name, "is cut off or no picture that can be read", "replace it or remove it")
