"""A folder of this machine as the storage: files lie in place, and are neither fetched nor sent."""

import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from shared.errors import PermanentError
from shared.settings import Settings
from shared.storage.adapters import check_writable
from shared.storage.files import OnBytes, copy_file, full_disk_as_error, nobody
from shared.storage.port import Found, artefact_missing

_PIECE_BYTES = 2**20


def open_folder_storage(settings: Settings) -> "FolderStorage":
    """The folder that `storage_url` names."""
    return FolderStorage(settings.storage_root)


class FolderStorage:
    """Keys are paths under the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def folder(self) -> Path:
        """The folder whose files these are."""
        return self._folder

    def check(self) -> None:
        """See `Storage.check`."""
        check_writable(self._folder, "TRACKLOOP_STORAGE_URL")

    def find(self, key: str) -> Found | None:
        """See `Storage.find`."""
        place = self._place(key)
        return self._found(place) if place.is_file() else None

    def list(self, prefix: str) -> Iterator[Found]:
        """See `Storage.list`."""
        for path in sorted(self._place(prefix).rglob("*")):
            if path.is_file() and not path.name.startswith(".part-"):
                yield self._found(path)

    def folders(self, prefix: str) -> Sequence[str]:
        """See `Storage.folders`."""
        place = self._place(prefix)
        found = place.iterdir() if place.is_dir() else ()
        return sorted(path.name for path in found if path.is_dir())

    def read(self, key: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """See `Storage.read`."""
        place = self._place(key)
        if not place.is_file():
            raise artefact_missing(key)
        return _read(place, start, place.stat().st_size if stop is None else stop)

    def send(self, file: Path, key: str, on_bytes: OnBytes = nobody) -> None:
        """See `Storage.send`."""
        copy_file(file, self._place(key), on_bytes=on_bytes)

    def create(self, file: Path, key: str) -> bool:
        """See `Storage.create`."""
        target = self._place(key)
        with full_disk_as_error(target.parent):
            target.parent.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=target.parent, prefix=".part-") as place:
                whole = Path(place) / "whole"
                copy_file(file, whole)
                try:
                    target.hardlink_to(whole)
                except FileExistsError:
                    return False
        return True

    def delete(self, key: str) -> None:
        """See `Storage.delete`; a folder that is empty then goes with it."""
        file = self._place(key)
        file.unlink(missing_ok=True)
        if file.parent.is_dir() and not any(file.parent.iterdir()):
            file.parent.rmdir()

    def delete_under(self, prefix: str) -> None:
        """See `Storage.delete_under`."""
        place = self._place(prefix)
        if place.exists():
            shutil.rmtree(place)

    def _place(self, key: str) -> Path:
        place = self._folder / key
        if not place.resolve().is_relative_to(self._folder.resolve()):
            raise PermanentError("key_outside_storage", f"{key} lies outside the storage.")
        return place

    def _found(self, path: Path) -> Found:
        facts = path.stat()
        modified = datetime.fromtimestamp(facts.st_mtime, UTC)
        return Found(path.relative_to(self._folder).as_posix(), facts.st_size, modified)


def _read(file: Path, start: int, stop: int) -> Iterator[bytes]:
    with file.open("rb") as opened:
        opened.seek(start)
        while start < stop and (piece := opened.read(min(_PIECE_BYTES, stop - start))):
            start += len(piece)
            yield piece
