"""Label Studio's JSON (https://labelstud.io/guide/export.html#Label-Studio-JSON-format-of-annotated-tasks).

Boxes are in percent of the picture. A task without an annotation that was submitted is one that
nobody has looked at, and is left out. Of several annotations of a task the latest counts, but one
that is marked as ground truth before all others. Polygons and turned rectangles become their
bounds. A track's id lies in a region's `meta`, which Label Studio keeps.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn
from urllib.parse import parse_qs, unquote, urlsplit
from xml.etree import ElementTree  # only to write

import orjson
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from shared.domain.label import LabelledBox, LabelledPicture, Labels, Size
from shared.labels.reading import assemble, bounds, number, read_bytes, read_xml, refuse, safe_name
from shared.labels.writing import known_size, write_text

Region = dict[str, Any]
_SHAPES = ("rectanglelabels", "polygonlabels")
_CONTROLS = ("RectangleLabels", "PolygonLabels")
CONTROL, PICTURE = "label", "image"
"""Names of the tags in our own label config."""
LABEL_CONFIG = "label_config.xml"


class _Result(BaseModel):
    type: str = ""
    value: dict[str, Any] = {}
    original_width: int | None = Field(None, gt=0)
    original_height: int | None = Field(None, gt=0)
    score: float | None = None
    meta: dict[str, Any] = {}

    @property
    def size(self) -> Size | None:
        if self.original_width is None or self.original_height is None:
            return None
        return self.original_width, self.original_height


class _Annotation(BaseModel):
    result: list[_Result]
    was_cancelled: bool = False
    ground_truth: bool = False
    updated_at: str = ""


class _Task(BaseModel):
    id: int = 0
    data: dict[str, Any]
    annotations: list[_Annotation] = []

    @property
    def size(self) -> Size | None:
        """Ours: a picture without a region has it nowhere else."""
        width, height = self.data.get("width"), self.data.get("height")
        if isinstance(width, int) and isinstance(height, int) and min(width, height) > 0:
            return width, height
        return None

    @property
    def answer(self) -> _Annotation | None:
        given = [each for each in self.annotations if not each.was_cancelled]
        return max(given, key=lambda each: (each.ground_truth, each.updated_at), default=None)


_TASKS = TypeAdapter(list[_Task])


def read_labelstudio(path: Path) -> Labels:
    """Read an export. A `label_config.xml` beside it tells all classes and their order.

    Raises:
        InvalidInputError: `no_such_file`, `bad_labels`.
    """
    try:
        tasks = _TASKS.validate_json(read_bytes(path))
    except ValidationError as error:
        _refuse_tasks(path.name, error)
    return _labels(path.name, tasks, _declared(path.with_name(LABEL_CONFIG)))


def labels_of_tasks(
    place: str, tasks: Sequence[Mapping[str, Any]], classes: Sequence[str]
) -> Labels:
    """What an export would hold, from tasks as the server gives them.

    Args:
        place: what errors call it.
        classes: those that are known; others that boxes name follow them.

    Raises:
        InvalidInputError: `bad_labels`.
    """
    try:
        return _labels(place, _TASKS.validate_python(tasks), classes)
    except ValidationError as error:
        _refuse_tasks(place, error)


def _refuse_tasks(place: str, error: ValidationError) -> NoReturn:
    fault = error.errors(include_url=False)[0]
    where = ".".join(map(str, fault["loc"]))
    refuse(place, f"{where or 'the file'}: {fault['msg']}", "export JSON, not JSON-MIN")


def _labels(origin: str, tasks: Sequence[_Task], classes: Sequence[str]) -> Labels:
    known = {name: index for index, name in enumerate(classes)}
    left_out, pictures = Counter[str](), list[LabelledPicture]()
    for task in tasks:
        answer, place = task.answer, f"{origin}, task {task.id}"
        if answer is None:
            left_out["pictures without an annotation"] += 1
            continue
        boxes = tuple(_boxes(place, answer, known, left_out))
        size = next((result.size for result in answer.result if result.size), task.size)
        pictures.append(LabelledPicture(safe_name(place, _name(place, task)), size, boxes))
    return assemble(origin, list(known), pictures, left_out)


def _boxes(
    place: str, answer: _Annotation, classes: dict[str, int], left_out: Counter[str]
) -> Iterator[LabelledBox]:
    for result in answer.result:
        names = result.value.get(result.type)
        if result.type not in _SHAPES or not isinstance(names, list) or not names:
            left_out[result.type[:40] or "regions without a type"] += 1
        else:
            yield _box(place, classes.setdefault(str(names[0]), len(classes)), result)


def _declared(config: Path) -> list[str]:
    if not config.is_file():
        return []
    sets = [each for tag in _CONTROLS for each in read_xml(config).iter(tag)]
    return list(dict.fromkeys(label.get("value", "") for each in sets for label in each))


def _name(place: str, task: _Task) -> str:
    """Ours, or the last part of where the picture lies."""
    if isinstance(name := task.data.get("name"), str):
        return name
    url = next((value for value in task.data.values() if isinstance(value, str)), None)
    picture = task.data.get(PICTURE, url)
    if not isinstance(picture, str):
        refuse(place, "names no picture", f"give data.{PICTURE}")
    parts = urlsplit(picture)
    local = parse_qs(parts.query).get("d")  # how it serves files of its own disk
    return PurePosixPath(local[0] if local else unquote(parts.path)).name


def _box(place: str, class_id: int, result: _Result) -> LabelledBox:
    if result.size is None:
        refuse(place, "a region has no original_width", "export it from Label Studio itself")
    width, height = result.size
    corners = _polygon if result.type == "polygonlabels" else _rectangle
    percent = corners(place, result.value, height / width)
    track = result.meta.get("track_id")
    return LabelledBox(
        class_id,
        bounds((x * width / 100, y * height / 100) for x, y in percent),
        None if track is None else int(number(place, "track_id", track)),
        result.score,
    )


def _polygon(place: str, value: dict[str, Any], _: float) -> Iterator[tuple[float, float]]:
    points = value.get("points")
    if not isinstance(points, list) or not points:
        refuse(place, "a polygon has no points", "export it again")
    for point in points:
        if not isinstance(point, list) or len(point) != 2:
            refuse(place, "a polygon's points are no pairs", "export it again")
        yield number(place, "x", point[0]), number(place, "y", point[1])


def _rectangle(place: str, value: dict[str, Any], shape: float) -> Iterator[tuple[float, float]]:
    """The corners, turned clockwise about the upper left one; in pixels, not in percent.

    Args:
        shape: the picture's height over its width.
    """
    x, y, w, h = (number(place, key, value.get(key)) for key in ("x", "y", "width", "height"))
    angle = math.radians(number(place, "rotation", value.get("rotation") or 0))
    cos, sin = math.cos(angle), math.sin(angle)
    for dx, dy in ((0.0, 0.0), (w, 0.0), (w, h), (0.0, h)):
        yield x + dx * cos - dy * shape * sin, y + dx / shape * sin + dy * cos


def write_labelstudio(labels: Labels, target: Path) -> None:
    """Write tasks with annotations, and beside them the label config of their project.

    Raises:
        InvalidInputError: `unknown_size`.
        TransientError: `disk_full`.
    """
    tasks = [
        {
            "id": index,
            "data": {PICTURE: picture.name, "name": picture.name, **_size(picture)},
            "annotations": [{"result": regions(picture, labels.classes)}],
        }
        for index, picture in enumerate(labels.pictures, start=1)
    ]
    write_text(target, orjson.dumps(tasks, option=orjson.OPT_INDENT_2).decode())
    write_text(target.with_name(LABEL_CONFIG), label_config(labels.classes))


def label_config(classes: Sequence[str]) -> str:
    """The XML that makes a project of boxes with these classes."""
    view = ElementTree.Element("View")
    ElementTree.SubElement(view, "Image", {"name": PICTURE, "value": f"${PICTURE}"})
    about = {"name": CONTROL, "toName": PICTURE, "strokeWidth": "3"}  # thinner ones are overlooked
    control = ElementTree.SubElement(view, "RectangleLabels", about)
    for name in classes:
        ElementTree.SubElement(control, "Label", {"value": name})
    ElementTree.indent(view)
    return ElementTree.tostring(view, encoding="unicode") + "\n"


def _size(picture: LabelledPicture) -> dict[str, int]:
    return dict(zip(("width", "height"), picture.size, strict=True)) if picture.size else {}


def regions(picture: LabelledPicture, classes: Sequence[str]) -> list[Region]:
    """The boxes of a picture, as annotations and predictions hold them.

    Raises:
        InvalidInputError: `unknown_size`.
    """
    return [
        _region(str(index), box, classes[box.class_id], known_size(picture))
        for index, box in enumerate(picture.boxes, start=1)
    ]


def _region(name: str, box: LabelledBox, label: str, size: Size) -> Region:
    width, height = size
    x1, y1, x2, y2 = box.xyxy
    region: Region = {
        "id": name,
        "type": "rectanglelabels",
        "from_name": CONTROL,
        "to_name": PICTURE,
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "value": {
            "x": 100 * x1 / width,
            "y": 100 * y1 / height,
            "width": 100 * (x2 - x1) / width,
            "height": 100 * (y2 - y1) / height,
            "rotation": 0,
            "rectanglelabels": [label],
        },
    }
    if box.score is not None:
        region["score"] = box.score
    if box.track_id is not None:
        region["meta"] = {"track_id": box.track_id}
    return region
