"""`trackloop labels`: files in, files out, faults said."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from shared.errors import TrackloopError


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["labels", *map(str, arguments)])


def _refused(result: Result) -> TrackloopError:
    assert isinstance(result.exception, TrackloopError), result.output
    return result.exception


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    """A picture with a box and a crowd."""
    file = tmp_path / "coco.json"
    annotations = [
        {"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4], "attributes": {"track_id": 9}},
        {"image_id": 1, "category_id": 1, "bbox": [5, 5, 9, 9], "iscrowd": 1},
    ]
    images = [{"id": 1, "file_name": "a.jpg", "width": 64, "height": 48}]
    categories = [{"id": 1, "name": "cat"}, {"id": 2, "name": "dog"}]
    whole = {"images": images, "categories": categories, "annotations": annotations}
    file.write_bytes(orjson.dumps(whole))
    return file


def test_a_check_counts_what_is_there(coco: Path) -> None:
    result = _call("check", coco, "--from", "coco")
    assert result.exit_code == 0, result.output
    assert "1 pictures, 0 of them without a box; 1 tracks" in result.output
    assert "left out: 1 crowds" in result.output
    assert [line.split() for line in result.output.splitlines()[1:3]] == [
        ["cat", "1"],
        ["dog", "0"],
    ]


def test_converted_labels_say_what_was_left_out(coco: Path, tmp_path: Path) -> None:
    target = tmp_path / "out.xml"
    result = _call("convert", coco, target, "--from", "coco", "--to", "cvat")
    assert result.exit_code == 0, result.output
    assert result.output == f"1 pictures, 1 boxes: {target}\nleft out: 1 crowds\n"
    assert '<attribute name="track_id">9</attribute>' in target.read_text()


def test_faulty_labels_are_not_converted(coco: Path, tmp_path: Path) -> None:
    coco.write_bytes(coco.read_bytes().replace(b"[1,2,3,4]", b"[1,2,300,4]"))
    target = tmp_path / "out.xml"
    error = _refused(_call("convert", coco, target, "--from", "coco", "--to", "cvat"))
    assert error.code == "faulty_labels"
    assert error.message == (
        "1 fault; first a.jpg, box 1: reaches 237.0 pixels beyond the picture; move it inside."
    )
    assert not target.exists()


def test_what_is_there_is_not_overwritten(coco: Path) -> None:
    error = _refused(_call("convert", coco, coco, "--from", "coco", "--to", "coco"))
    assert error.code == "target_exists"
