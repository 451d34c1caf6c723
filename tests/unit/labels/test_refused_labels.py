"""Labels are strangers' files: what is wrong is said in one sentence, with its place."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from PIL import Image

from shared.errors import InvalidInputError
from shared.labels.formats import FORMATS, find_format

COCO = {
    "categories": [{"id": 7, "name": "cat"}],
    "images": [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}],
    "annotations": [{"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4]}],
}


def _coco(**changes: object) -> bytes:
    return orjson.dumps({**COCO, **changes})


def _annotation(**changes: object) -> list[dict[str, object]]:
    return [{"image_id": 1, "category_id": 7, "bbox": [1, 2, 3, 4], **changes}]


def _image(name: str) -> list[dict[str, object]]:
    return [{"id": 1, "file_name": name, "width": 64, "height": 48}]


def _polygon(points: list[object]) -> bytes:
    value = {"points": points, "polygonlabels": ["c"]}
    region = {
        "type": "polygonlabels", "value": value, "original_width": 9, "original_height": 9,
    }  # fmt: skip
    return orjson.dumps([{"data": {"image": "a.jpg"}, "annotations": [{"result": [region]}]}])


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("coco", b"{", "Invalid JSON"),
        ("coco", b"[]", "give COCO detection JSON"),
        ("coco", _coco(annotations=_annotation(image_id=2)), "names image 2"),
        ("coco", _coco(annotations=_annotation(category_id=1)), "names category 1"),
        ("coco", _coco(annotations=_annotation(bbox=[1, 2, 3])), "annotations.0.bbox"),
        ("coco", _coco(images=_image("../../etc/passwd")), "no name of a picture"),
        ("coco", _coco(images=_image("/etc/passwd")), "no name of a picture"),
        ("coco", _coco(images=_image("..\\up.jpg")), "no name of a picture"),
        ("coco", _coco(images=_image("a.jpg") * 2), "is there twice"),
        ("coco", _coco(categories=[{"id": 7, "name": "a"}, {"id": 8, "name": "a"}]), "same name"),
        ("coco", _coco(categories=[{"id": 7, "name": "a\nb"}]), "no name of a class"),
        ("cvat", b"<annotations><image", "no XML"),
        ("cvat", b"<!DOCTYPE a [<!ENTITY b 'c'>]><annotations>&b;</annotations>", "no XML"),
        ("cvat", b"<html/>", "its root is <html>"),
        ("cvat", b"<annotations><track id='0'/></annotations>", "CVAT for images 1.1"),
        ("cvat", b"<annotations><image name='a' width='x' height='1'/></annotations>", "width 'x'"),
        (
            "cvat",
            b"<annotations><image name='a' width='9' height='9'><box label='c' xtl='nan' ytl='0' "
            b"xbr='1' ybr='1'/></image></annotations>",
            "xtl 'nan' is not a number",
        ),
        ("labelstudio", b"{}", "not JSON-MIN"),
        ("labelstudio", b'[{"data":{},"annotations":[{"result":[]}]}]', "names no picture"),
        (
            "labelstudio",
            b'[{"data":{"image":"a.jpg"},"annotations":[{"result":[{"type":"rectanglelabels",'
            b'"value":{"x":1,"y":1,"width":1,"height":1,"rectanglelabels":["c"]}}]}]}]',
            "no original_width",
        ),
        ("labelstudio", _polygon([]), "has no points"),
        ("labelstudio", _polygon([1, 2]), "no pairs"),
        ("labelstudio", _polygon([[1, "x"]]), "'x' is not a number"),
    ],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_fault(
    tmp_path: Path, name: str, body: bytes, words: str
) -> None:
    file = tmp_path / "given"
    file.write_bytes(body)
    with pytest.raises(InvalidInputError) as refused:
        FORMATS[name].read(file)
    assert refused.value.code == "bad_labels"
    assert words in refused.value.message
    assert "given" in refused.value.message


def _yolo(folder: Path, row: str = "0 .5 .5 .5 .5", names: str = "names: [cat]") -> None:
    (folder / "images").mkdir()
    (folder / "labels").mkdir()
    Image.new("L", (8, 8)).save(folder / "images" / "a.jpg")
    (folder / "labels" / "a.txt").write_text(row)
    (folder / "data.yaml").write_text(names)


def _tracks(folder: Path) -> None:
    (folder / "tracks").mkdir()
    (folder / "tracks" / "a.txt").write_text("1\n2\n")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("0 1 2",), "3 columns"),
        (("0 1 2 3 4 5",), "6 columns"),
        (("cat .5 .5 .5 .5",), "'cat' is not a number"),
        (("0 .5 .5 .5 inf",), "'inf' is not a number"),
        (("-1 .5 .5 .5 .5",), "no whole number from 0"),
        (("0 .5 .5 .5 .5", "path: x"), "names no classes"),
        (("0 .5 .5 .5 .5", "names: !!python/object/apply:os.getcwd []"), "names no classes"),
    ],
)
def test_a_bad_dataset_is_named_with_its_fault(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    _yolo(tmp_path, *arguments)
    with pytest.raises(InvalidInputError, match=r"columns|number|names") as refused:
        FORMATS["yolo"].read(tmp_path)
    assert words in refused.value.message


def _no_pictures(folder: Path) -> None:
    (folder / "images" / "a.jpg").unlink()


def _no_picture(folder: Path) -> None:
    (folder / "images" / "a.jpg").write_bytes(b"no picture")


def _no_text(folder: Path) -> None:
    (folder / "labels" / "a.txt").write_bytes(b"\xff\xfe\x00")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_tracks, "2 ids for 1 boxes"),
        (_no_pictures, "holds no picture"),
        (_no_picture, "is no picture that can be read"),
        (_no_text, "is no UTF-8 text"),
    ],
)
def test_a_spoilt_dataset_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    _yolo(tmp_path)
    spoil(tmp_path)
    with pytest.raises(InvalidInputError, match=r"ids|picture|UTF") as refused:
        FORMATS["yolo"].read(tmp_path)
    assert words in refused.value.message


@pytest.mark.parametrize("name", FORMATS)
def test_what_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere|seqinfo"):
        FORMATS[name].read(tmp_path / "nowhere")


def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match="'voc' is no format of labels; known: coco, cvat"):
        find_format("voc")
