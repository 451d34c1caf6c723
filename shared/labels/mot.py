"""MOTChallenge ground truth as CVAT exports it: one text file over the pictures of one video.

    gt/gt.txt   gt/labels.txt (a class a line)   seqinfo.ini   gt/pictures.txt

The file knows pictures by number, from 1, so their names lie beside it, one a line; without that
list they are named after their numbers, as `seqinfo.ini` says. Boxes to ignore (confidence 0) are
left out.
"""

import configparser
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from shared.domain.label import LabelledBox, LabelledPicture, Labels, Size
from shared.errors import InvalidInputError
from shared.labels.reading import assemble, read_bytes, read_lines, refuse, safe_name
from shared.labels.writing import known_size, write_text
from shared.tracking.mot_format import MotRows, read_mot

_GT = Path("gt") / "gt.txt"
_CLASSES = Path("gt") / "labels.txt"
_NAMES = Path("gt") / "pictures.txt"
_SEQUENCE = "seqinfo.ini"
_UNKNOWN = -1
_DRAWN = 1.0
_MOST_PICTURES = 10_000_000


@dataclass(frozen=True, slots=True)
class _Sequence:
    """What seqinfo.ini says. `length`: pictures."""

    size: Size
    length: int
    suffix: str


def read_mot_labels(folder: Path) -> Labels:
    """Read a folder.

    Raises:
        InvalidInputError: `no_such_file`, `bad_mot_file`, `bad_labels`.
    """
    sequence = _sequence(folder / _SEQUENCE)
    classes = [line.strip() for line in read_lines(folder / _CLASSES) if line.strip()]
    boxes, left_out = _boxes(folder / _GT)
    names = _names(folder / _NAMES, sequence)
    if boxes and max(boxes) > len(names):
        refuse(folder.name, f"gt.txt has a frame {max(boxes)} of {len(names)}", "correct seqLength")
    pictures = (
        LabelledPicture(name, sequence.size, tuple(boxes.get(frame, ())))
        for frame, name in enumerate(names, start=1)
    )
    return assemble(folder.name, classes, pictures, left_out)


def _boxes(file: Path) -> tuple[dict[int, list[LabelledBox]], Counter[str]]:
    found, left_out = defaultdict[int, list[LabelledBox]](list), Counter[str]()
    if not read_bytes(file).strip():
        return found, left_out  # a video in which nobody was seen
    rows = read_mot(file)
    for index in range(len(rows)):
        if rows.confidence[index] == 0:
            left_out["boxes to ignore"] += 1
        else:
            found[int(rows.frame[index])].append(_box(file.name, rows, index))
    return found, left_out


def _box(place: str, rows: MotRows, index: int) -> LabelledBox:
    track, class_id, score = rows.track_id[index], rows.class_id[index], rows.confidence[index]
    if class_id < 1:
        refuse(place, f"frame {rows.frame[index]} has a box without a class", "number it from 1")
    left, top, width, height = map(float, rows.ltwh[index])
    return LabelledBox(
        int(class_id) - 1, (left, top, left + width, top + height),
        None if track == _UNKNOWN else int(track),
        None if score == _DRAWN else float(score),
    )  # fmt: skip


def _sequence(file: Path) -> _Sequence:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string("\n".join(read_lines(file)))
        section = parser["Sequence"]
        width, height, length = (int(section[key]) for key in ("imWidth", "imHeight", "seqLength"))
    except (configparser.Error, KeyError, ValueError) as error:
        refuse(file.name, f"imWidth, imHeight, seqLength: {error}", "give whole numbers")
    if min(width, height, length) < 1 or length > _MOST_PICTURES:
        refuse(file.name, "imWidth, imHeight or seqLength is out of range", "correct it")
    return _Sequence((width, height), length, section.get("imExt", ".jpg"))


def _names(file: Path, sequence: _Sequence) -> list[str]:
    if not file.is_file():
        return [f"{frame:06d}{sequence.suffix}" for frame in range(1, sequence.length + 1)]
    return [safe_name(file.name, line) for line in read_lines(file) if line]


def write_mot_labels(labels: Labels, target: Path) -> None:
    """Write a folder.

    Raises:
        InvalidInputError: `unknown_size`; `many_sizes`: a video has one.
        TransientError: `disk_full`.
    """
    sizes = {known_size(picture) for picture in labels.pictures}
    if len(sizes) != 1:
        raise InvalidInputError(
            "many_sizes",
            f"the pictures have {len(sizes)} different sizes, a video has one; "
            "choose another format, or convert the pictures of one video only.",
        )
    lines = [
        _line(frame, box)
        for frame, picture in enumerate(labels.pictures, start=1)
        for box in picture.boxes
    ]
    (width, height), names = sizes.pop(), [picture.name for picture in labels.pictures]
    write_text(target / _GT, "".join(lines))
    write_text(target / _CLASSES, "".join(f"{name}\n" for name in labels.classes))
    write_text(target / _NAMES, "".join(f"{name}\n" for name in names))
    write_text(
        target / _SEQUENCE,
        f"[Sequence]\nname={target.name}\nimDir=img1\nframeRate=1\nseqLength={len(names)}\n"
        f"imWidth={width}\nimHeight={height}\nimExt={Path(names[0]).suffix}\n",
    )


def _line(frame: int, box: LabelledBox) -> str:
    x1, y1, x2, y2 = box.xyxy
    track = _UNKNOWN if box.track_id is None else box.track_id
    score = _DRAWN if box.score is None else box.score
    sides = ",".join(f"{value:.4f}" for value in (x1, y1, x2 - x1, y2 - y1))
    return f"{frame},{track},{sides},{score:g},{box.class_id + 1},1\n"
