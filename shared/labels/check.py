"""What is wrong with labels, before anybody trains on them."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.domain.label import LabelledBox, LabelledPicture, Labels

_BEYOND_PIXELS = 1.0
"""A box drawn along the edge may lie a little beyond it."""
_LEAST_PIXELS = 1.0


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that somebody should mend. `code` is stable."""

    picture: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class LabelReport:
    """What is there, and what is wrong with it.

    Attributes:
        boxes: by class name, of every class.
        empty: pictures without a box.
    """

    pictures: int
    empty: int
    boxes: Mapping[str, int]
    tracks: int
    left_out: Mapping[str, int]
    faults: Sequence[Fault]


def check_labels(labels: Labels) -> LabelReport:
    """Look at every box once."""
    counts = Counter(dict.fromkeys(labels.classes, 0))
    tracks, faults = set[int](), list[Fault]()
    for picture in labels.pictures:
        faults.extend(_faults(picture, labels.classes))
        for box in picture.boxes:
            if 0 <= box.class_id < len(labels.classes):
                counts[labels.classes[box.class_id]] += 1
            if box.track_id is not None:
                tracks.add(box.track_id)
    empty = sum(not picture.boxes for picture in labels.pictures)
    return LabelReport(
        len(labels.pictures), empty, dict(counts), len(tracks), labels.left_out, faults
    )


def _faults(picture: LabelledPicture, classes: Sequence[str]) -> Iterator[Fault]:
    for number, box in enumerate(picture.boxes, start=1):
        for code, message in _of_box(box, picture, len(classes)):
            yield Fault(picture.name, code, f"{picture.name}, box {number}: {message}")
    tracks = Counter(box.track_id for box in picture.boxes if box.track_id is not None)
    for track_id, count in tracks.items():
        if count > 1:
            message = f"{picture.name}: track {track_id} is there {count} times; keep one."
            yield Fault(picture.name, "track_twice", message)


def _of_box(box: LabelledBox, picture: LabelledPicture, classes: int) -> Iterator[tuple[str, str]]:
    x1, y1, x2, y2 = box.xyxy
    if not 0 <= box.class_id < classes:
        yield "class_out_of_range", f"class {box.class_id} of {classes}; correct it or name it."
    if x2 - x1 < _LEAST_PIXELS or y2 - y1 < _LEAST_PIXELS:
        yield "no_extent", f"{x2 - x1:.1f} × {y2 - y1:.1f} pixels; draw it again or remove it."
    if picture.size is None:
        return
    width, height = picture.size
    beyond = max(-x1, -y1, x2 - width, y2 - height)
    if beyond > _BEYOND_PIXELS:
        yield "outside", f"reaches {beyond:.1f} pixels beyond the picture; move it inside."
