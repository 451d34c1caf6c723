"""Labelling in a folder: a YOLO dataset that any tool can open, and a file that says when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from shared.domain.label import Labels
from shared.errors import InvalidInputError
from shared.labeling.fit import fit
from shared.labeling.folder_layout import CONFIRMED, erase, lay_out, left_of, refuse_links
from shared.labeling.port import LabelProgress, LabelRequest, labels_gone, not_removed
from shared.labeling.prepare import cut_boxes, prepare
from shared.labeling.track_ids import with_track_ids
from shared.labels.picture_size import SUFFIXES
from shared.labels.yolo import read_track_ids, read_yolo, track_ids
from shared.settings import Settings
from shared.storage.adapters import check_writable
from shared.storage.files import write_bytes

_HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


@dataclass(frozen=True, slots=True)
class FolderTool:
    """A folder for each task, named by its id, which is the handle too."""

    root: Path

    def check(self) -> None:
        """See `LabelingTool.check`."""
        check_writable(self.root, "TRACKLOOP_LABELING_URL")

    def request(self, request: LabelRequest) -> str:
        """See `LabelingTool.request`. Where the folder is there, nothing in it is touched."""
        asked = prepare(request)
        lay_out(asked, self.root / asked.task_id)
        return asked.task_id

    def progress(self, handle: str) -> LabelProgress:
        """See `LabelingTool.progress`. Until people say that they are done, nothing is."""
        folder = self._folder(handle)
        total, done = len(_pictures(folder)), (folder / CONFIRMED).exists()
        complete = done or not total
        return LabelProgress(total, total if done else 0, complete, folder.resolve().as_uri())

    def collect(self, handle: str, request: LabelRequest) -> Labels:
        """See `LabelingTool.collect`."""
        folder, asked = self._folder(handle), cut_boxes(request)
        pictures = _pictures(folder)
        if not pictures:
            return Labels(asked.classes, ())
        if not (folder / CONFIRMED).exists():
            count = {"pictures without an annotation": len(pictures)}
            return Labels(asked.classes, (), count)
        refuse_links(folder)
        return fit(_read(folder, asked), asked)

    def confirm(self, handle: str) -> None:
        """See `LabelingTool.confirm`."""
        write_bytes(self._folder(handle) / CONFIRMED, b"")

    def find(self, task_id: str) -> Sequence[str]:
        """See `LabelingTool.find`."""
        known = _HANDLE.fullmatch(task_id) and left_of(self.root / task_id)
        return [task_id] if known else []

    def remove(self, handle: str) -> None:
        """See `LabelingTool.remove`."""
        try:
            erase(self._place(handle))
        except PermissionError as error:
            raise not_removed(error) from error

    def _folder(self, handle: str) -> Path:
        folder = self._place(handle)
        if folder.is_symlink() or not folder.is_dir():
            raise labels_gone(f"The folder {folder}")
        return folder

    def _place(self, handle: str) -> Path:
        if not _HANDLE.fullmatch(handle):
            raise labels_gone(f"{handle[:80]!r}")
        return self.root / handle


def _pictures(folder: Path) -> list[str]:
    """Names of the pictures that are there."""
    images = folder / "images"
    return [
        file.relative_to(images).as_posix()
        for file in images.rglob("*")
        if file.suffix.lower() in SUFFIXES
    ]


def _read(folder: Path, asked: LabelRequest) -> Labels:
    """Ids of tracks are read where somebody has written them: else they fit the old boxes only."""
    before = {picture.name: picture for picture in asked.pictures}
    untouched = {
        name
        for name in before.keys() & set(_pictures(folder))
        if read_track_ids(folder, name) == track_ids(before[name])
    }
    found = read_yolo(folder, trackless=untouched)
    pictures = tuple(
        replace(picture, boxes=with_track_ids(picture.boxes, before[picture.name].boxes))
        if picture.name in untouched
        else picture
        for picture in found.pictures
    )
    return replace(found, pictures=pictures)


def open_folder(settings: Settings) -> FolderTool:
    """`folder://` beside all that is stored on this host, or `folder:///path`.

    Raises:
        InvalidInputError: `bad_labeling_url`.
    """
    parts = urlsplit(settings.labeling_url)
    if parts.netloc or parts.query or parts.fragment:
        raise InvalidInputError(
            "bad_labeling_url",
            "TRACKLOOP_LABELING_URL: it names no absolute path; write folder:///path, or folder://.",
        )
    if not parts.path:
        return FolderTool(settings.storage_root / "labeling")
    return FolderTool(Path(url2pathname(parts.path)))
