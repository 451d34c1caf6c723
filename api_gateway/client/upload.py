"""A file that tells how much of it was read."""

from collections.abc import Callable
from io import FileIO
from pathlib import Path

OnUpload = Callable[[int, int], None]
"""Bytes sent so far, bytes in all."""


class Upload(FileIO):
    """Read in pieces by whoever sends it."""

    def __init__(self, file: Path, on_upload: OnUpload | None) -> None:
        """Open it.

        Raises:
            OSError: it cannot be read.
        """
        super().__init__(file, "rb")
        self._bytes, self._on_upload = file.stat().st_size, on_upload

    def read(self, size: int | None = -1, /) -> bytes:
        """The next piece."""
        piece = super().read(size)
        if self._on_upload is not None and piece:
            self._on_upload(self.tell(), self._bytes)
        return piece
