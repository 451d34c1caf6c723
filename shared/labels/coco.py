"""COCO detection JSON (https://cocodataset.org/#format-data): boxes by category, in one file.

A track's id lies in an annotation's `attributes`, as CVAT and Datumaro write it; `track_id` beside
`bbox`, as TAO has it, is read too. Crowds are left out: they are regions to ignore, no subjects.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labels.reading import assemble, number, read_bytes, refuse, safe_name
from shared.labels.writing import known_size, write_text

_DECIMALS = 4


class _Category(BaseModel):
    id: int
    name: str


class _Image(BaseModel):
    id: int
    file_name: str
    width: int = Field(gt=0)
    height: int = Field(gt=0)


class _Annotation(BaseModel):
    image_id: int
    category_id: int
    bbox: tuple[float, float, float, float] | None = None
    iscrowd: bool = False
    score: float | None = None
    track_id: int | None = None
    attributes: dict[str, Any] = {}

    @property
    def track(self) -> int | None:
        if self.track_id is not None:
            return self.track_id
        value = self.attributes.get("track_id")
        return None if value is None else int(number("attributes", "track_id", value))


class _Coco(BaseModel):
    model_config = ConfigDict(ser_json_inf_nan="constants")

    categories: list[_Category]
    images: list[_Image]
    annotations: list[_Annotation]


def read_coco(path: Path) -> Labels:
    """Read a file.

    Raises:
        InvalidInputError: `no_such_file`, `bad_labels`.
    """
    coco = _parse(path)
    classes = {category.id: index for index, category in enumerate(coco.categories)}
    boxes: dict[int, list[LabelledBox]] = {image.id: [] for image in coco.images}
    left_out = Counter[str]()
    for each in coco.annotations:
        if each.image_id not in boxes:
            refuse(path.name, f"an annotation names image {each.image_id}", "add that image")
        if each.category_id not in classes:
            refuse(path.name, f"an annotation names category {each.category_id}", "add it")
        if each.bbox is None or each.iscrowd:
            left_out["crowds" if each.iscrowd else "annotations without a box"] += 1
            continue
        left, top, width, height = (number(path.name, "bbox", value) for value in each.bbox)
        xyxy = left, top, left + width, top + height
        box = LabelledBox(classes[each.category_id], xyxy, each.track, each.score)
        boxes[each.image_id].append(box)
    pictures = (
        LabelledPicture(
            safe_name(path.name, image.file_name), (image.width, image.height),
            tuple(boxes[image.id]),
        )
        for image in coco.images
    )  # fmt: skip
    return assemble(path.name, [each.name for each in coco.categories], pictures, left_out)


def _parse(path: Path) -> _Coco:
    try:
        return _Coco.model_validate_json(read_bytes(path))
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(map(str, fault["loc"]))
        refuse(path.name, f"{where or 'the file'}: {fault['msg']}", "give COCO detection JSON")


def write_coco(labels: Labels, target: Path) -> None:
    """Write a file; categories and images count from 1.

    Raises:
        InvalidInputError: `unknown_size`.
        TransientError: `disk_full`.
    """
    images, annotations = [], list[dict[str, object]]()
    for image_id, picture in enumerate(labels.pictures, start=1):
        width, height = known_size(picture)
        images.append({"id": image_id, "file_name": picture.name, "width": width, "height": height})
        for box in picture.boxes:
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **_row(box)})
    categories = [{"id": index, "name": name} for index, name in enumerate(labels.classes, 1)]
    whole = {"images": images, "categories": categories, "annotations": annotations}
    write_text(target, orjson.dumps(whole, option=orjson.OPT_INDENT_2).decode())


def _row(box: LabelledBox) -> dict[str, object]:
    x1, y1, x2, y2 = box.xyxy
    row: dict[str, object] = {
        "category_id": box.class_id + 1,
        "bbox": _rounded((x1, y1, x2 - x1, y2 - y1)),
        "area": round((x2 - x1) * (y2 - y1), _DECIMALS),
        "iscrowd": 0,
    }
    if box.score is not None:
        row["score"] = box.score
    if box.track_id is not None:
        row["attributes"] = {"track_id": box.track_id}
    return row


def _rounded(values: Sequence[float]) -> list[float]:
    return [round(value, _DECIMALS) for value in values]
