"""The pixels of a picture file, which may be a stranger's."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from shared.labels.picture_size import FORMATS, UNREADABLE, picture_size
from shared.labels.reading import refuse


def read_picture(file: Path) -> NDArray[np.uint8]:
    """The upright picture, uint8 (H, W, 3) RGB.

    Raises:
        InvalidInputError: `bad_labels`: it is missing, no picture, cut off, or so large that
            Pillow takes it for a bomb; it moves, or its pixels are no bytes, which Pillow would cut
            off at 255.
    """
    picture_size(file)  # looks at its head first: a bomb is refused before it goes off
    try:
        with Image.open(file, formats=FORMATS) as picture:
            _check(file, picture)
            return np.asarray(ImageOps.exif_transpose(picture).convert("RGB"), np.uint8)
    except UNREADABLE:
        refuse(file.name, "is cut off or no picture that can be read", "replace it or remove it")


def _check(file: Path, picture: Image.Image) -> None:
    # Phones put a preview beside a photograph and call that MPO, which is one picture.
    if picture.format in {"PNG", "WEBP"} and getattr(picture, "is_animated", False):
        refuse(file.name, "holds several pictures", "export each by itself")
    if picture.mode.startswith(("I", "F")):
        refuse(file.name, "has more than 8 bits a channel", "export it with 8")
