"""A folder that people label with a tool of their own: how it is laid out, whole or not at all.

images/000123.jpg   labels/000123.txt   tracks/000123.txt   data.yaml   classes.txt   README.txt
"""

import os
import shutil
import stat
import tempfile
from pathlib import Path

from shared.domain.label import Labels
from shared.labeling.port import LabelRequest
from shared.labels.reading import refuse
from shared.labels.writing import write_text
from shared.labels.yolo import write_yolo
from shared.storage.files import copy_file, full_disk_as_error

CONFIRMED = "CONFIRMED"
"""The file that says that people are done; what is in it does not matter."""

_README = """\
{project} - {task_id}

{pictures} pictures, with what the model {model} saw in them. Correct it and say when you are done.

1. Open this folder with any tool that labels YOLO datasets. The classes are in data.yaml and
   classes.txt. Move, add and remove boxes, and change their classes.
   A picture without boxes says that nothing is to be seen. What you cannot judge, delete: the
   picture in images/.
2. When every picture is right, run

       trackloop labels confirm {task_id}

   or make an empty file named {confirmed} in this folder.

tracks/ holds the ids of subjects that are followed through the video, line by line as in labels/.
Tools do not know it, and need not: boxes that stay about where they were keep their ids. Edit it
only to correct an id, with one line for each box, or a dash.
"""


def lay_out(request: LabelRequest, target: Path) -> None:
    """Make the folder, unless it is there: people may have begun with it.

    Of two that make it at once the first one wins, and the other's is dropped.

    Raises:
        InvalidInputError: `same_text_file`.
        TransientError: `disk_full`.
    """
    if target.exists():
        return
    with full_disk_as_error(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(dir=target.parent, prefix=_partials(target.name)))
        try:
            _fill(request, partial)
            partial.chmod(0o755)  # people are other users than this one
            _become(partial, target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _fill(request: LabelRequest, folder: Path) -> None:
    write_yolo(Labels(request.classes, request.pictures), folder)
    for picture in request.pictures:
        # A copy, and no link: tools may write into it.
        copy_file(request.folder / picture.name, folder / "images" / picture.name)
    write_text(folder / "classes.txt", "".join(f"{name}\n" for name in request.classes))
    text = _README.format(
        project=request.project, task_id=request.task_id, pictures=len(request.pictures),
        model=request.model, confirmed=CONFIRMED,
    )  # fmt: skip
    write_text(folder / "README.txt", text)


def _become(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)  # takes the place of an empty folder at most
    except OSError:
        if not target.exists():
            raise


def left_of(target: Path) -> list[Path]:
    """The folder where it is there, and what was interrupted while it was made."""
    places = [target, *target.parent.glob(f"{_partials(target.name)}*")]
    return [place for place in places if place.is_symlink() or place.exists()]


def erase(target: Path) -> None:
    """Remove all that is left of it."""
    for place in left_of(target):
        if place.is_symlink():
            place.unlink()
        else:
            shutil.rmtree(place)


def _partials(name: str) -> str:
    """How the names of unfinished folders begin."""
    return f".part-{name}."


def refuse_links(folder: Path) -> None:
    """Whether there are plain files and folders alone: a link could lead to anybody's file.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            mode = Path(parent, name).lstat().st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                place = Path(parent, name).relative_to(folder).as_posix()
                refuse(place, "is no plain file", "put the file itself there, or remove it")
