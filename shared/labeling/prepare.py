"""A request as every tool can take it."""

import re
from collections import Counter
from dataclasses import replace

from shared.domain.label import LabelledBox, LabelledPicture, Size
from shared.errors import InvalidInputError
from shared.labeling.port import LabelRequest
from shared.labels.picture_size import SUFFIXES
from shared.labels.reading import safe_name
from shared.labels.writing import known_size

_TASK_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")


def prepare(request: LabelRequest) -> LabelRequest:
    """Check the request, and cut its boxes.

    Raises:
        InvalidInputError: `bad_label_request`; `no_such_file`: a picture is missing.
    """
    if not _TASK_ID.fullmatch(request.task_id):
        raise _bad("task_id", "is no id of a task", "give letters, digits, _ and -")
    if not request.classes or len({*request.classes}) < len(request.classes):
        raise _bad("classes", "are none, or two are equal", "name each class once")
    if not request.pictures:
        raise _bad("pictures", "are none", "select at least one frame")
    for name, count in Counter(picture.name for picture in request.pictures).items():
        if count > 1:
            raise _bad("pictures", f"{name} is there twice", "keep one of the two")
    for picture in request.pictures:
        _check(picture, request)
    return cut_boxes(request)


def _check(picture: LabelledPicture, request: LabelRequest) -> None:
    name = safe_name("pictures", picture.name)
    if name != picture.name or not name.lower().endswith(SUFFIXES):
        raise _bad("pictures", f"{name!r} is no plain name", f"end it in {', '.join(SUFFIXES)}")
    if picture.size is None:
        raise _bad("pictures", f"the size of {name} is not known", "give its width and height")
    if not (request.folder / name).is_file():
        raise InvalidInputError(
            "no_such_file", f"{name}: the picture is missing; extract the frames again."
        )
    if any(not 0 <= box.class_id < len(request.classes) for box in picture.boxes):
        raise _bad("pictures", f"a box of {name} has no such class", "use an index of classes")


def cut_boxes(request: LabelRequest) -> LabelRequest:
    """The request with its boxes cut at the edges of their pictures.

    A model's box may reach beyond the picture; Label Studio refuses such a one, and trainers do.
    """
    return replace(request, pictures=tuple(map(_within, request.pictures)))


def _within(picture: LabelledPicture) -> LabelledPicture:
    size = known_size(picture)
    cut = (_cut(box, size) for box in picture.boxes)
    return replace(picture, boxes=tuple(box for box in cut if box is not None))


def _cut(box: LabelledBox, size: Size) -> LabelledBox | None:
    """None where nothing of it lies inside."""
    (x1, y1, x2, y2), (width, height) = box.xyxy, size
    inside = max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))
    has_extent = inside[0] < inside[2] and inside[1] < inside[3]
    return replace(box, xyxy=inside) if has_extent else None


def _bad(field: str, fault: str, remedy: str) -> InvalidInputError:
    return InvalidInputError("bad_label_request", f"{field}: {fault}; {remedy}.")
