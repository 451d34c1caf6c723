"""What all formats share when they are read: files of strangers, taken apart with care."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NoReturn
from xml.etree import ElementTree

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from shared.domain.label import LabelledPicture, Labels
from shared.errors import InvalidInputError

_MOST_BYTES = 2**30


def refuse(place: str, fault: str, remedy: str) -> NoReturn:
    """Say what is wrong with labels.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    raise InvalidInputError("bad_labels", f"{place}: {fault}; {remedy}.")


def read_bytes(path: Path) -> bytes:
    """The whole file.

    Raises:
        InvalidInputError: `no_such_file`; `bad_labels`: larger than 1 GiB.
    """
    if not path.is_file():
        raise InvalidInputError(
            "no_such_file", f"{path}: there is no such file that can be read; check the path."
        )
    if path.stat().st_size > _MOST_BYTES:
        refuse(path.name, "larger than 1 GiB", "divide it")
    return path.read_bytes()


def read_lines(path: Path) -> list[str]:
    """The lines of a small text file; none is cut.

    Raises:
        InvalidInputError: see `read_bytes`; `bad_labels`: no UTF-8.
    """
    try:
        return read_bytes(path).decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        refuse(path.name, "is no UTF-8 text", "save it as UTF-8")


def read_xml(path: Path) -> ElementTree.Element:
    """The root of a file, without entities, which could be bombs.

    Raises:
        InvalidInputError: see `read_bytes`; `bad_labels`: no such XML.
    """
    try:
        root: ElementTree.Element = fromstring(read_bytes(path))
    except (ElementTree.ParseError, DefusedXmlException, ValueError) as error:
        refuse(path.name, f"is no XML that can be read ({error})", "export it again")
    return root


def number(place: str, name: str, value: object) -> float:
    """A finite number.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    try:
        found = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        refuse(place, f"{name} {str(value)[:40]!r} is not a number", "correct it")
    return found


def safe_name(place: str, name: str) -> str:
    """A picture's name, which may become a path below a folder.

    Raises:
        InvalidInputError: `bad_labels`: it leads elsewhere, or to nowhere.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    below = path.name and not path.is_absolute() and ".." not in path.parts
    if not below or not name.isprintable():
        refuse(place, f"{name[:80]!r} is no name of a picture below a folder", "give a plain name")
    return path.as_posix()


def assemble(
    place: str,
    classes: Sequence[str],
    pictures: Iterable[LabelledPicture],
    left_out: Counter[str] | None = None,
) -> Labels:
    """The set, with every picture once.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    found = tuple(pictures)
    counts = Counter(picture.name for picture in found)
    if twice := next((name for name, count in counts.items() if count > 1), None):
        refuse(place, f"the picture {twice} is there twice", "keep one of the two")
    if len({*classes}) < len(classes):
        refuse(place, "two classes have the same name", "rename one")
    for name in classes:
        if not name.strip() or not name.isprintable():
            refuse(place, f"{name[:40]!r} is no name of a class", "give it letters")
    return Labels(tuple(classes), found, dict(left_out or {}))


def bounds(points: Iterable[tuple[float, float]]) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of some points."""
    xs, ys = zip(*points, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
