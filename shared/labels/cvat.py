"""CVAT for images 1.1 (https://docs.cvat.ai/docs/manual/advanced/xml_format/): one XML file.

A track's id is an attribute of its boxes. Polygons and rotated boxes become their bounds.
"""

import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree  # only to write

from shared.domain.label import LabelledBox, LabelledPicture, Labels
from shared.labels.reading import assemble, bounds, number, read_xml, refuse, safe_name
from shared.labels.writing import known_size
from shared.storage.files import publishing

_TRACK = "track_id"
_SHAPES = ("box", "polygon")
_SIZE = ("width", "height")
_SIDES = ("xtl", "ytl", "xbr", "ybr")


def read_cvat(path: Path) -> Labels:
    """Read a file.

    Raises:
        InvalidInputError: `no_such_file`, `bad_labels`.
    """
    root = read_xml(path)
    if root.tag != "annotations":
        refuse(path.name, f"its root is <{root.tag[:40]}>", "give CVAT for images 1.1")
    if root.find("track") is not None:
        refuse(path.name, "holds tracks of a video", "export it as CVAT for images 1.1")
    names = [each.text or "" for each in root.findall("./meta/*/labels/label/name")]
    classes = {name: index for index, name in enumerate(names)}
    left_out = Counter[str]()
    pictures = [_picture(path.name, image, classes, left_out) for image in root.findall("image")]
    return assemble(path.name, list(classes), pictures, left_out)


def _picture(
    place: str, image: ElementTree.Element, classes: dict[str, int], left_out: Counter[str]
) -> LabelledPicture:
    name = safe_name(place, image.get("name", ""))
    size = tuple(int(number(f"{place}, {name}", key, image.get(key))) for key in _SIZE)
    boxes = []
    for shape in image:
        if shape.tag in _SHAPES:
            # A label that the head does not declare is one all the same.
            class_id = classes.setdefault(shape.get("label", ""), len(classes))
            xyxy = _xyxy(f"{place}, {name}", shape)
            boxes.append(LabelledBox(class_id, xyxy, _track(f"{place}, {name}", shape)))
        else:
            left_out[shape.tag[:40]] += 1
    return LabelledPicture(name, (size[0], size[1]), tuple(boxes))


def _xyxy(place: str, shape: ElementTree.Element) -> tuple[float, float, float, float]:
    if shape.tag == "polygon":
        pairs = [point.split(",") for point in shape.get("points", "").split(";")]
        if any(len(pair) != 2 for pair in pairs):
            refuse(place, "a polygon's points are no pairs", "export it again")
        return bounds((number(place, "x", x), number(place, "y", y)) for x, y in pairs)
    x1, y1, x2, y2 = (number(place, side, shape.get(side)) for side in _SIDES)
    turned = math.radians(number(place, "rotation", shape.get("rotation", "0")))
    return bounds(_turned((x1, y1, x2, y2), turned)) if turned else (x1, y1, x2, y2)


def _turned(
    box: tuple[float, float, float, float], radians: float
) -> Iterator[tuple[float, float]]:
    """The corners, turned clockwise about the middle."""
    x1, y1, x2, y2 = box
    middle_x, middle_y = (x1 + x2) / 2, (y1 + y2) / 2
    cos, sin = math.cos(radians), math.sin(radians)
    for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2)):
        dx, dy = x - middle_x, y - middle_y
        yield middle_x + dx * cos - dy * sin, middle_y + dx * sin + dy * cos


def _track(place: str, shape: ElementTree.Element) -> int | None:
    for attribute in shape.findall("attribute"):
        if attribute.get("name") == _TRACK and attribute.text:
            return int(number(place, _TRACK, attribute.text))
    return None


def write_cvat(labels: Labels, target: Path) -> None:
    """Write a file. Scores have no place in it.

    Raises:
        InvalidInputError: `unknown_size`.
        TransientError: `disk_full`.
    """
    root = ElementTree.Element("annotations")
    _text(root, "version", "1.1")
    job = ElementTree.SubElement(ElementTree.SubElement(root, "meta"), "task")
    declared = ElementTree.SubElement(job, "labels")
    for name in labels.classes:
        label = ElementTree.SubElement(declared, "label")
        _text(label, "name", name)
        attributes = ElementTree.SubElement(label, "attributes")
        _text(ElementTree.SubElement(attributes, "attribute"), "name", _TRACK)
    for index, picture in enumerate(labels.pictures):
        _write_picture(root, index, picture, labels.classes)
    ElementTree.indent(root)
    with publishing(target) as partial:
        ElementTree.ElementTree(root).write(partial, encoding="utf-8", xml_declaration=True)


def _write_picture(
    root: ElementTree.Element, index: int, picture: LabelledPicture, classes: tuple[str, ...]
) -> None:
    width, height = known_size(picture)
    facts = {"id": index, "name": picture.name, "width": width, "height": height}
    image = ElementTree.SubElement(root, "image", _attributes(facts))
    for box in picture.boxes:
        sides = zip(_SIDES, (f"{value:.4f}" for value in box.xyxy), strict=True)
        facts = {"label": classes[box.class_id], **dict(sides), "occluded": 0, "z_order": 0}
        shape = ElementTree.SubElement(image, "box", _attributes(facts))
        if box.track_id is not None:
            _text(shape, "attribute", str(box.track_id)).set("name", _TRACK)


def _attributes(facts: dict[str, object]) -> dict[str, str]:
    return {key: str(value) for key, value in facts.items()}


def _text(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = text
    return child
