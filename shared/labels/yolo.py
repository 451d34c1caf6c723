"""A YOLO dataset: a folder of pictures, a text file for each, and the names of the classes.

    images/a/1.jpg   labels/a/1.txt   data.yaml (or classes.txt)   tracks/a/1.txt

A line is `class middle_x middle_y width height`, in parts of the picture; or a class and a polygon,
which becomes its bounds (https://docs.ultralytics.com/datasets/detect/). As for ultralytics, a
picture without a text file shows no subject. Trainers refuse a sixth column, so the ids of tracks
lie beside the labels: line by line, `-` for none.
"""

from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

from shared.domain.label import LabelledBox, LabelledPicture, Labels, Size
from shared.errors import InvalidInputError
from shared.labels.picture_size import SUFFIXES, picture_size
from shared.labels.reading import assemble, bounds, number, read_bytes, read_lines, refuse
from shared.labels.writing import known_size, write_text

_NO_TRACK = "-"
_BOX = 5
_LEAST_POLYGON = 7
_DIGITS = 10


def read_yolo(folder: Path, *, trackless: Container[str] = ()) -> Labels:
    """Read a folder. Every picture is opened for its size; none is decoded.

    Args:
        trackless: pictures whose ids of tracks are not read, since they may fit no longer.

    Raises:
        InvalidInputError: `no_such_file`, `bad_labels`.
    """
    images = folder / "images"
    if not images.is_dir():
        refuse(folder.name, "has no folder images/", "put the pictures there")
    files = sorted(file for file in images.rglob("*") if file.suffix.lower() in SUFFIXES)
    if not files:
        refuse(folder.name, "images/ holds no picture", "put the pictures there")
    names = [file.relative_to(images).as_posix() for file in files]
    pictures = [_picture(folder, name, trackless) for name in names]
    return assemble(folder.name, _classes(folder), pictures)


def _picture(folder: Path, name: str, trackless: Container[str]) -> LabelledPicture:
    size = picture_size(folder / "images" / name)
    ids = [] if name in trackless else read_track_ids(folder, name)
    return LabelledPicture(name, size, tuple(_boxes(folder, name, size, ids)))


def read_track_ids(folder: Path, name: str) -> list[str]:
    """What lies beside the labels of a picture, a text for each box; empty where nothing does.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    tracks = folder / _text_of("tracks", name)
    return [line.strip() for line in read_lines(tracks)] if tracks.is_file() else []


def _boxes(folder: Path, name: str, size: Size, ids: Sequence[str]) -> Iterator[LabelledBox]:
    labels = folder / _text_of("labels", name)
    if not labels.is_file():
        return
    rows = [line.split() for line in read_lines(labels) if line.strip()]
    if ids and len(ids) != len(rows):
        refuse(
            f"tracks of {name}", f"{len(ids)} ids for {len(rows)} boxes", "give one a line, or -"
        )
    for line, row in enumerate(rows, start=1):
        place = f"{labels.name}, line {line}"
        class_id, xyxy = _read_row(place, row, size)
        yield LabelledBox(class_id, xyxy, _track(place, ids[line - 1]) if ids else None)


def _read_row(
    place: str, row: Sequence[str], size: Size
) -> tuple[int, tuple[float, float, float, float]]:
    values = [number(place, "a column", field) for field in row]
    if not values[0].is_integer() or values[0] < 0:
        refuse(place, f"the class {row[0][:20]} is no whole number from 0", "correct it")
    width, height = size
    if len(values) == _BOX:
        _, x, y, w, h = values
        corners = [(x - w / 2, y - h / 2), (x + w / 2, y + h / 2)]
    elif len(values) >= _LEAST_POLYGON and len(values) % 2 == 1:
        corners = list(zip(values[1::2], values[2::2], strict=True))
    else:
        refuse(place, f"{len(values)} columns", "a line is class x y width height, or a polygon")
    return int(values[0]), bounds((x * width, y * height) for x, y in corners)


def _track(place: str, text: str) -> int | None:
    return None if text == _NO_TRACK else int(number(place, "the track's id", text))


def _classes(folder: Path) -> list[str]:
    described, listed = folder / "data.yaml", folder / "classes.txt"
    if not described.is_file():
        return [line.strip() for line in read_lines(listed) if line.strip()]
    try:
        names: Any = yaml.safe_load(read_bytes(described))["names"]
        if isinstance(names, dict):
            names = [names[index] for index in range(len(names))]
        return [str(name) for name in names]
    except (yaml.YAMLError, KeyError, TypeError):
        refuse("data.yaml", "names no classes, from 0 on", "give `names:` with one for each class")


def write_yolo(labels: Labels, target: Path) -> None:
    """Write the text files into a folder; the pictures are somebody else's to put there.

    Scores have no place in it.

    Raises:
        InvalidInputError: `unknown_size`; `same_text_file`: two pictures would share one.
        TransientError: `disk_full`.
    """
    _refuse_shared_texts(labels)
    names = dict(enumerate(labels.classes))
    facts = {"path": ".", "train": "images", "val": "images", "names": names}
    for picture in labels.pictures:
        write_text(target / _text_of("labels", picture.name), "".join(_rows(picture)))
        if ids := track_ids(picture):
            text = "".join(f"{each}\n" for each in ids)
            write_text(target / _text_of("tracks", picture.name), text)
    write_text(target / "data.yaml", yaml.safe_dump(facts, sort_keys=False, allow_unicode=True))


def track_ids(picture: LabelledPicture) -> list[str]:
    """The lines that lie beside its labels; empty where no box has a track."""
    ids = [box.track_id for box in picture.boxes]
    if all(each is None for each in ids):
        return []
    return [_NO_TRACK if each is None else str(each) for each in ids]


def _refuse_shared_texts(labels: Labels) -> None:
    texts = dict[Path, str]()
    for picture in labels.pictures:
        other = texts.setdefault(_text_of("labels", picture.name), picture.name)
        if other != picture.name:
            raise InvalidInputError(
                "same_text_file",
                f"{other} and {picture.name} differ in their suffix only, and a YOLO dataset has "
                "one text file for both; rename one.",
            )


def _rows(picture: LabelledPicture) -> Iterator[str]:
    for box in picture.boxes:
        width, height = known_size(picture)
        x1, y1, x2, y2 = box.xyxy
        parts = (
            (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height,
        )  # fmt: skip
        yield " ".join((str(box.class_id), *(f"{part:.{_DIGITS}f}" for part in parts))) + "\n"


def _text_of(folder: str, name: str) -> Path:
    return (Path(folder) / name).with_suffix(".txt")
