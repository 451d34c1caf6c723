"""A model is measured the way it serves: over pictures of any size, with any runtime."""

import importlib.util
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from shared.domain.label import LabelledPicture, Labels
from shared.errors import InvalidInputError
from shared.evaluation.average_precision import Scores, score
from shared.evaluation.matching import Measured, match
from shared.evaluation.measure import measure
from shared.inference.adapters import open_runtime
from shared.inference.models import Model, model_store
from shared.settings import Settings
from tests.support.labelled_scene import labelled_scene
from tests.support.tiny_models import TinyModel

SEED = 31


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> tuple[Labels, Path]:
    folder = tmp_path_factory.mktemp("scene")
    return labelled_scene(folder, SEED, 12), folder


@pytest.fixture(scope="module")
def bundled() -> Model:
    return model_store(Settings()).get("pet_hotel@1")


def _measured(url: str, model: Model, labels: Labels, folder: Path, threads: int = 2) -> Measured:
    with open_runtime(url, model, threads) as runtime:
        return measure(runtime, model.manifest, labels, folder)


def _scores(labels: Labels, measured: Measured) -> Scores:
    found = score(match(labels, measured, labels.classes))
    assert found is not None
    return found


def test_the_bundled_model_scores_on_its_scene_what_its_manifest_says(
    scene: tuple[Labels, Path], bundled: Model
) -> None:
    labels, folder = scene
    assert sum(len(picture.boxes) for picture in labels.pictures) > 15
    found = _scores(labels, _measured("onnx://", bundled, labels, folder))
    print(f"bundled model: {found}")  # noqa: T201
    assert found.map50 > 0.8
    assert 0.5 < found.map50_95 < 0.95


def test_boxes_do_not_depend_on_the_number_of_threads(
    scene: tuple[Labels, Path], bundled: Model
) -> None:
    labels, folder = scene
    few, many = (_measured("onnx://", bundled, labels, folder, n) for n in (1, 3))
    for one, other in zip(few.found, many.found, strict=True):
        for column in ("xyxy", "score", "class_id"):
            np.testing.assert_array_equal(getattr(one, column), getattr(other, column))


def test_another_runtime_gives_the_same_score(scene: tuple[Labels, Path], bundled: Model) -> None:
    if importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    labels, folder = scene
    plain, other = (
        _scores(labels, _measured(url, bundled, labels, folder))
        for url in ("onnx://", "openvino://")
    )
    assert other.map50_95 == pytest.approx(plain.map50_95, abs=0.005)


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Model]:
    yield TinyModel(dynamic_size=True).in_folder(tmp_path)


def _noise(width: int, height: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def _labels(*names: str, size: tuple[int, int] | None = None) -> Labels:
    return Labels(("a", "b", "c"), [LabelledPicture(name, size, ()) for name in names])


def test_pictures_of_many_sizes_and_formats_give_boxes_inside_them(
    tiny: Model, tmp_path: Path
) -> None:
    sizes = {"a.png": (97, 63), "sub/b.jpg": (300, 40), "c.webp": (33, 250), "d.bmp": (1, 1)}
    (tmp_path / "sub").mkdir()
    for name, size in sizes.items():
        cv2.imwrite(str(tmp_path / name), _noise(*size))
    found = _measured("onnx://", tiny, _labels(*sizes), tmp_path).found
    for boxes, (width, height) in zip(found, sizes.values(), strict=True):
        assert (boxes.xyxy >= 0).all()
        assert (boxes.xyxy <= (width, height, width, height)).all()
        assert len(boxes) <= 300
    assert [len(boxes) > 0 for boxes in found[:3]] == [True] * 3


def test_grey_and_see_through_pictures_and_those_on_their_side_are_read(
    tiny: Model, tmp_path: Path
) -> None:
    picture = Image.fromarray(_noise(90, 60))
    picture.convert("L").save(tmp_path / "grey.png")
    picture.convert("RGBA").save(tmp_path / "clear.png")
    turned = picture.getexif()
    turned[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=turned)
    _measured("onnx://", tiny, _labels("grey.png", "clear.png", size=(90, 60)), tmp_path)
    _measured("onnx://", tiny, _labels("turned.jpg", size=(60, 90)), tmp_path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("missing.jpg", None),
        ("text.jpg", b"no picture"),
        ("cut.png", "cut"),
        ("../outside.png", "whole"),
        ("picture.gif", "gif"),
        ("wrong_size.png", "whole"),
    ],
)
def test_what_cannot_be_measured_is_refused_by_name(
    name: str, content: bytes | str | None, tiny: Model, tmp_path: Path
) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    file = folder / name
    if isinstance(content, bytes):
        file.write_bytes(content)
    elif content is not None:
        Image.fromarray(_noise(90, 60)).save(file, "gif" if content == "gif" else "png")
        if content == "cut":
            file.write_bytes(file.read_bytes()[:2000])
    size = (91, 60) if name == "wrong_size.png" else None
    with pytest.raises(InvalidInputError, match=Path(name).stem) as refusal:
        _measured("onnx://", tiny, _labels(name, size=size), folder)
    assert refusal.value.code == "bad_labels"


def test_progress_is_told_and_can_end_the_work(scene: tuple[Labels, Path], bundled: Model) -> None:
    labels, folder = scene
    told: list[int] = []

    def stop_at_five(done: int) -> None:
        told.append(done)
        if done == 5:
            raise KeyboardInterrupt

    few = replace(labels, pictures=labels.pictures[:8])
    with open_runtime("onnx://", bundled, 2) as runtime, pytest.raises(KeyboardInterrupt):
        measure(runtime, bundled.manifest, few, folder, on_picture=stop_at_five)
    assert told == [1, 2, 3, 4, 5]
