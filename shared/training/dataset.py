"""A dataset as it is handed over, checked and laid out as ultralytics wants it.

    data/images/NAME.jpg   data/labels/NAME.txt   data.yaml   train_test_split.txt

ultralytics leaves out what it cannot read, writes caches (pickles) beside the labels and mends
pictures in place. So it gets a folder of its own: links to the pictures, and labels that were
checked. The pictures of the test split are not even shown to it.
"""

import hashlib
import math
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from shared.errors import InvalidInputError
from shared.labels.picture_size import picture_size
from shared.labels.reading import number, read_bytes, read_lines, refuse
from shared.labels.split_file import SPLIT_FILE, read_split

_STRIDE = 32
_COLUMNS = 5
_FEWEST_TO_VALIDATE = 8
_JPEG_END = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Layout:
    """What ultralytics is given.

    Attributes:
        description: its data.yaml.
        train, validation: how many pictures.
        size: height and width in pixels that the network's input will have.
    """

    description: Path
    classes: tuple[str, ...]
    train: int
    validation: int
    size: tuple[int, int]


def lay_out(
    dataset: Path, folder: Path, *, image_size: int, rectangular: bool, validation_share: float
) -> Layout:
    """Check the training pictures and their labels, and write `folder` anew.

    Part of the training pictures, chosen by the hash of their names, only choose the best epoch:
    the test pictures, which decide whether a model goes live, must choose nothing before.

    Args:
        folder: replaced.
        image_size: longer side of the input in pixels.
        rectangular: the input follows the pictures' shape (their median one), else it is square.

    Raises:
        InvalidInputError: `no_such_file`, `bad_labels`, `no_labels`, `no_training_pictures`.
    """
    classes = _classes(dataset / "data.yaml")
    names = sorted(read_split(dataset / SPLIT_FILE).train, key=_tag)
    if not names:
        raise InvalidInputError(
            "no_training_pictures",
            f"{SPLIT_FILE}: no picture is for training; label more pictures.",
        )
    shutil.rmtree(folder, ignore_errors=True)
    for part in ("images", "labels"):
        (folder / part).mkdir(parents=True)
    links, boxes, shapes = [], 0, []
    for name in names:
        link, count, shape = _place(dataset / "data", folder, name, len(classes))
        links.append(link)
        shapes.append(shape)
        boxes += count
    if not boxes:
        raise InvalidInputError(
            "no_labels", "data/labels: not one training picture has a box; label some subjects."
        )
    train, validation = _divide(links, validation_share)
    _describe(folder, classes, train, validation)
    size = _input_size(shapes, image_size) if rectangular else (image_size, image_size)
    return Layout(folder / "data.yaml", classes, len(train), len(validation), size)


def fingerprint(dataset: Path) -> str:
    """SHA-256 over classes, split and labels: another one is another training."""
    digest = hashlib.sha256()
    split = dataset / SPLIT_FILE
    labels = sorted((dataset / "data" / "labels").rglob("*.txt"))
    for path in (dataset / "data.yaml", split, *labels):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(dataset).as_posix()} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _classes(path: Path) -> tuple[str, ...]:
    try:
        names: Any = yaml.safe_load(read_bytes(path))["names"]
        if isinstance(names, dict):
            names = [names[index] for index in range(len(names))]
    except (yaml.YAMLError, KeyError, TypeError):
        names = None
    sound = isinstance(names, list) and names and all(isinstance(each, str) for each in names)
    if not sound or not all(each.strip() for each in names) or len({*names}) < len(names):
        refuse(path.name, "names no classes, from 0 on, each once",
               "give `names:` with one for each class")  # fmt: skip
    return tuple(names)


def _place(data: Path, folder: Path, name: str, classes: int) -> tuple[Path, int, float]:
    """Link one picture and write its labels; the link, how many boxes, height over width."""
    picture = (data / "images" / name).resolve()
    width, height = picture_size(picture)
    link = folder / "images" / f"{_tag(name)}{picture.suffix.lower()}"
    if picture.suffix.lower() in {".jpg", ".jpeg"} and not _ends_well(picture):
        shutil.copy(picture, link)  # it would be mended where it lies
    else:
        link.symlink_to(picture)
    labels = (data / "labels" / name).with_suffix(".txt")
    rows = list(_rows(labels, classes)) if labels.is_file() else []
    text = "".join(f"{row}\n" for row in dict.fromkeys(rows))
    (folder / "labels" / link.with_suffix(".txt").name).write_text(text, encoding="utf-8")
    return link, len(rows), height / width


def _ends_well(picture: Path) -> bool:
    with picture.open("rb") as file:
        file.seek(-2, os.SEEK_END)
        return file.read() == _JPEG_END


def _rows(labels: Path, classes: int) -> Iterator[str]:
    """Lines `class x y width height`, boxes cut at the picture's edge."""
    for line, row in enumerate(read_lines(labels), start=1):
        fields = row.split()
        if not fields:
            continue
        place = f"{labels.name}, line {line}"
        if len(fields) != _COLUMNS:
            refuse(place, f"{len(fields)} columns", "a line is class x y width height")
        class_id, x, y, width, height = (number(place, "a column", each) for each in fields)
        if not class_id.is_integer() or not 0 <= class_id < classes:
            refuse(place, f"class {fields[0][:20]} of {classes}", "correct it, or name it")
        left, right = max(0.0, x - width / 2), min(1.0, x + width / 2)
        top, bottom = max(0.0, y - height / 2), min(1.0, y + height / 2)
        if right <= left or bottom <= top:
            refuse(place, "the box has no part in the picture", "draw it again or remove it")
        middle = f"{(left + right) / 2:.8f} {(top + bottom) / 2:.8f}"
        yield f"{int(class_id)} {middle} {right - left:.8f} {bottom - top:.8f}"


def _divide(links: Sequence[Path], share: float) -> tuple[Sequence[Path], Sequence[Path]]:
    """Those to learn from and those to validate with; very few do both."""
    count = max(round(len(links) * share), min(_FEWEST_TO_VALIDATE, len(links) // 4))
    return (links[count:], links[:count]) if count else (links, links)


def _describe(
    folder: Path, classes: Sequence[str], train: Sequence[Path], validation: Sequence[Path]
) -> None:
    for name, links in (("train", train), ("val", validation)):
        (folder / f"{name}.txt").write_text("".join(f"{link}\n" for link in links))
    facts = {
        "path": str(folder), "train": "train.txt", "val": "val.txt",
        "names": dict(enumerate(classes)),
    }  # fmt: skip
    text = yaml.safe_dump(facts, sort_keys=False, allow_unicode=True)
    (folder / "data.yaml").write_text(text, encoding="utf-8")


def _input_size(shapes: Sequence[float], image_size: int) -> tuple[int, int]:
    shape = median(shapes)
    height, width = image_size * min(1.0, shape), image_size * min(1.0, 1 / shape)
    return _multiple(height), _multiple(width)


def _multiple(length: float) -> int:
    # A hair is taken off: 288.0000001 is 288.
    return max(_STRIDE, math.ceil(length / _STRIDE - 1e-6) * _STRIDE)


def _tag(name: str) -> str:
    """What a picture is called here: safe in every list, and in no order of scenes."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]
