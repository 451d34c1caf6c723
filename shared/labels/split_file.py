"""`train_test_split.txt`: which pictures a training may see, and which only measure it.

One picture a line, sorted, the split first and then the path below the folder of the data:

    test images/000123.jpg
    train images/000007.jpg
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from shared.labels.reading import read_lines, refuse, safe_name
from shared.labels.writing import write_text

SPLIT_FILE = "train_test_split.txt"
_FOLDER = "images/"
_SPLITS = ("test", "train")


@dataclass(frozen=True, slots=True)
class Split:
    """Names of pictures below the folder `images`, each sorted; no name is in both."""

    train: tuple[str, ...]
    test: tuple[str, ...]


def write_split(path: Path, train: Iterable[str], test: Iterable[str]) -> None:
    """Write the file, whole.

    Args:
        train, test: names of pictures below the folder `images`.

    Raises:
        InvalidInputError: `bad_labels`: a name leads elsewhere, or is there twice.
        TransientError: `disk_full`.
    """
    lines = sorted(
        [f"train {_FOLDER}{safe_name(path.name, name)}" for name in train]
        + [f"test {_FOLDER}{safe_name(path.name, name)}" for name in test]
    )
    _parse(path.name, lines)
    write_text(path, "".join(f"{line}\n" for line in lines))


def read_split(path: Path) -> Split:
    """Read the file.

    Raises:
        InvalidInputError: `no_such_file`; `bad_labels`, naming the line.
    """
    return _parse(path.name, read_lines(path))


def _parse(place: str, lines: list[str]) -> Split:
    if lines != sorted(lines):
        refuse(place, "its lines are not sorted", "sort them")
    found: dict[str, list[str]] = {split: [] for split in _SPLITS}
    seen = set[str]()
    for number, line in enumerate(lines, start=1):
        split, _, rest = line.partition(" ")
        if split not in found or not rest.startswith(_FOLDER):
            refuse(f"{place}, line {number}", f"{line[:80]!r} is none of `train images/NAME` and "
                   "`test images/NAME`", "correct it")  # fmt: skip
        name = safe_name(f"{place}, line {number}", rest.removeprefix(_FOLDER))
        if name in seen:
            refuse(f"{place}, line {number}", f"the picture {name} is there twice", "keep one")
        seen.add(name)
        found[split].append(name)
    return Split(tuple(found["train"]), tuple(found["test"]))
