"""Decode pictures of strangers once, and write them anew; run as a child process under limits.

`python -m workers.labeling_manager.redraw REQUEST.json` leaves upright RGB pictures as JPEG, with
no byte of the files that came: no place where they were taken, nothing that a browser or a trainer
would read in another way than we did. What is known of them is a `Redrawn` beside.
"""

import hashlib
import io
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from shared.decoding_process import limit_process, say
from shared.domain.label import Size
from shared.errors import InvalidInputError, MediaError, TrackloopError
from shared.labels.picture_file import read_picture
from shared.labels.picture_size import picture_size
from shared.storage.documents import read_document, write_document
from shared.storage.files import full_disk_as_error
from workers.labeling_manager.likeness import signature

_QUALITY = 95
_LONGEST_SIDE = 65_500
"""Of a JPEG, in pixels: libjpeg writes no longer one."""
_TELL_SECONDS = 0.25
_NAMED = 5
"""So many of the pictures that cannot be used are named in a message."""


@dataclass(frozen=True, slots=True)
class RedrawRequest:
    """What to read, and the limits that the child sets for itself.

    Attributes:
        sources: file of each picture, what messages call it, and its name among the new ones.
        folder: the new ones go there.
        facts, signatures: files for a `Redrawn`, and for the bytes of uint8 (N, 1024).
    """

    sources: tuple[tuple[Path, str, str], ...]
    folder: Path
    facts: Path
    signatures: Path
    max_pixels: int
    max_bytes: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Of each picture, in order: the SHA-256 of its file as it came, and its upright size."""

    sha256: tuple[str, ...]
    sizes: tuple[Size, ...]


def redraw(request: RedrawRequest) -> None:
    """Write every picture anew.

    Raises:
        MediaError: `bad_picture`, naming those that cannot be used.
        OSError: the disk is full.
    """
    known: list[tuple[str, Size, NDArray[np.uint8]]] = []
    faults: list[str] = []
    told = float("-inf")
    for number, (source, shown, name) in enumerate(request.sources):
        try:
            known.append(_redrawn(source, request.folder / name, request))
        except InvalidInputError as error:
            # Its message names the copy that was read.
            faults.append(f"{shown} {error.message.partition(':')[2].partition(';')[0].strip()}")
        if time.monotonic() - told >= _TELL_SECONDS:
            told = time.monotonic()
            say({"progress": [number + 1, len(request.sources)]})
    if faults:
        raise _bad(faults, len(request.sources))
    digests, sizes, signatures = zip(*known, strict=True)
    request.signatures.write_bytes(np.stack(signatures).tobytes())
    write_document(request.facts, Redrawn(digests, sizes))


def _redrawn(
    source: Path, target: Path, request: RedrawRequest
) -> tuple[str, Size, NDArray[np.uint8]]:
    """Write one; its hash, its size and its signature."""
    copy = request.folder.parent / "as_it_came"
    with source.open("rb") as file:  # read once: its owner may replace it meanwhile
        content = file.read(request.max_bytes + 1)
    if len(content) > request.max_bytes:
        raise InvalidInputError("bad_labels", f": is larger than {request.max_bytes} bytes;")
    copy.write_bytes(content)
    width, height = picture_size(copy)
    if width * height > request.max_pixels:
        raise InvalidInputError(
            "bad_labels", f": has {width}×{height} pixels, above the limit of {request.max_pixels};"
        )
    if max(width, height) > _LONGEST_SIDE:
        raise InvalidInputError(
            "bad_labels", f": is {width}×{height} pixels, longer than {_LONGEST_SIDE} on a side;"
        )
    image = read_picture(copy)
    copy.unlink()
    # By way of memory: Pillow's own writing does not say when the disk is full.
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "JPEG", quality=_QUALITY, subsampling=0)
    target.write_bytes(encoded.getvalue())
    luminance = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    return hashlib.sha256(content).hexdigest(), (width, height), signature(luminance)


def _bad(faults: list[str], count: int) -> MediaError:
    more = f" and {len(faults) - _NAMED} more" if len(faults) > _NAMED else ""
    return MediaError(
        "bad_picture",
        f"folder_path: {len(faults)} of {count} pictures cannot be used: "
        f"{', '.join(faults[:_NAMED])}{more}; replace or remove them and ask again.",
    )


def main() -> int:
    """Entry point of the child process."""
    request = read_document(Path(sys.argv[1]), RedrawRequest)
    limit_process(request.memory_bytes)
    try:
        with full_disk_as_error(request.folder):
            redraw(request)
        say({})
    except TrackloopError as error:
        say({"code": error.code, "message": error.message})
    return 0


if __name__ == "__main__":
    sys.exit(main())
