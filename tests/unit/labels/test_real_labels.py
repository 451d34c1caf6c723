"""Real exports of labelling tools, read and carried through every other format."""

import shutil
from pathlib import Path

import pytest

from shared.domain.label import Labels
from shared.labels.check import check_labels
from shared.labels.formats import FORMATS


@pytest.fixture
def samples(test_data: Path) -> Path:
    """The folder of the converter's own test files."""
    return test_data / "labels" / "label-studio-sdk-converter"


def _carried(labels: Labels, name: str, folder: Path, images: Path | None = None) -> Labels:
    place = folder / name if name in {"yolo", "mot"} else folder / name / "labels.json"
    FORMATS[name].write(labels, place)
    if images is not None:
        shutil.copytree(images, place / "images")
    return FORMATS[name].read(place)


def _equal(found: Labels, expected: Labels) -> None:
    assert found.classes == expected.classes
    assert [each.name for each in found.pictures] == [each.name for each in expected.pictures]
    for mine, theirs in zip(found.pictures, expected.pictures, strict=True):
        assert mine.size == theirs.size
        assert [box.class_id for box in mine.boxes] == [box.class_id for box in theirs.boxes]
        for box, other in zip(mine.boxes, theirs.boxes, strict=True):
            assert box.xyxy == pytest.approx(other.xyxy, abs=1e-3)


def test_a_yolo_dataset_goes_through_all_formats_and_back(samples: Path, tmp_path: Path) -> None:
    folder = samples / "test_import_yolo_data"
    labels = FORMATS["yolo"].read(folder)
    assert labels.classes == ("closed_door", "opened_door", "bus", "number")
    assert len(labels.pictures) == 7
    found = labels
    for name in ("coco", "cvat", "labelstudio"):
        found = _carried(found, name, tmp_path)
    _equal(_carried(found, "yolo", tmp_path, folder / "images"), labels)


def test_a_yolo_row_is_the_box_that_the_tool_meant(samples: Path) -> None:
    picture = FORMATS["yolo"].read(samples / "test_import_yolo_data").pictures[3]
    assert picture.name == "img_4.png"
    assert picture.size == (640, 494)
    # 3 0.371875 0.5637651821862348 0.034375 0.0708502024291498
    assert picture.boxes[0].class_id == 3
    assert picture.boxes[0].xyxy == pytest.approx((227, 261, 249, 296), abs=1e-6)


def test_a_coco_file_keeps_its_boxes(samples: Path, tmp_path: Path) -> None:
    labels = FORMATS["coco"].read(samples / "test_import_coco" / "coco_import_input.json")
    first, second = labels.pictures
    assert (first.name, first.size) == ("image1.jpg", (4022, 6033))
    assert first.boxes[0].xyxy == (3651, 872, 3651 + 113, 872 + 114)
    assert (second.boxes[0].class_id, labels.classes) == (1, ("Class_1", "Class_2"))
    _equal(_carried(_carried(labels, "cvat", tmp_path), "coco", tmp_path), labels)


def test_of_two_annotations_the_latest_counts(samples: Path, tmp_path: Path) -> None:
    labels = FORMATS["labelstudio"].read(samples / "test_export_yolo" / "data.json")
    assert labels.classes == ("parasites", "white")
    first = labels.pictures[0]
    assert (first.name, first.size) == ("image1", (2800, 2800))
    x, y, w, h = 37.88706739526412, 71.76684881602914, 3.8251366120218573, 4.553734061930784
    assert first.boxes[0].xyxy == pytest.approx((28 * x, 28 * y, 28 * (x + w), 28 * (y + h)))
    _equal(_carried(labels, "coco", tmp_path), labels)


def test_polygons_become_boxes_and_key_points_are_counted(samples: Path) -> None:
    labels = FORMATS["labelstudio"].read(samples / "test_export_coco" / "data.json")
    rectangle, polygon = labels.pictures[0].boxes
    assert rectangle.xyxy[0] == pytest.approx(31.941923774954628 * 5)
    assert polygon.xyxy == pytest.approx(
        (41.560798548094375 * 5, 3.546099290780142 * 3.2, 45.37205081669691 * 5,
         12.4822695035461 * 3.2)
    )  # fmt: skip
    assert labels.left_out["keypointlabels"] == 2


def test_turned_rectangles_become_their_bounds(samples: Path) -> None:
    labels = FORMATS["labelstudio"].read(samples / "test_export_yolo" / "data_obb.json")
    box = labels.pictures[0].boxes[0]
    # 19.045 % of 597 by 8.1325 % of 768 pixels, turned by 328.33°, about its upper left corner.
    assert box.xyxy == pytest.approx((62.906, 551.307, 192.468, 664.160), abs=0.01)
    assert not [fault for fault in check_labels(labels).faults if fault.code == "no_extent"]


def test_other_exports_are_read_or_refused_with_a_reason(samples: Path) -> None:
    for file in sorted(samples.glob("test_export_*/*.json")):
        try:
            FORMATS["labelstudio"].read(file)
        except Exception as error:  # noqa: BLE001  (which one it is, is what is asserted)
            assert getattr(error, "code", None) == "bad_labels", f"{file}: {error!r}"
