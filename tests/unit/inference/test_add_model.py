"""What `trackloop models add` accepts, asks for and refuses."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared.inference.adapters import open_runtime
from shared.inference.models import ModelStore
from shared.inference.output_form import infer_decoding
from shared.inference.publish_model import publish_model
from shared.storage.documents import to_json
from tests.support.adding import add, refusal, tiny
from tests.support.tiny_models import TinyModel, ultralytics_metadata

ABC = ("a", "b", "c")
COCO_COUNT = 80


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "bundled", tmp_path / "own")


@pytest.mark.parametrize("decoding", ["raw", "end2end", "grid"])
@pytest.mark.parametrize("dynamic", [False, True])
def test_describes_what_it_can_see(
    store: ModelStore, decoding: str, dynamic: bool, tmp_path: Path
) -> None:
    file = tiny(
        tmp_path, decoding=decoding, dynamic_batch=dynamic, dynamic_size=dynamic,
        metadata=ultralytics_metadata() if decoding != "grid" else {},
    )  # fmt: skip
    asked = {"classes": ABC, "size": (64, 96)} if decoding == "grid" else {}
    if dynamic and decoding == "grid":
        asked["size"] = (64, 128)
    model = add(store, file, **asked)
    spec = model.manifest.input
    assert model.manifest.decoding == decoding
    assert model.manifest.classes == ABC
    assert (spec.height, spec.width) == asked.get("size", (64, 96))
    assert (spec.dynamic_size, spec.max_batch) == (dynamic, 8 if dynamic else 1)
    assert (spec.channels, spec.scale) == (("BGR", 1.0) if decoding == "grid" else ("RGB", 1 / 255))
    assert model.path == store.own / "mine/1/model.onnx"
    assert model.path.read_bytes() == file.read_bytes()
    assert store.get("mine") == model


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_takes_models_that_read_bytes(store: ModelStore, layout: str, tmp_path: Path) -> None:
    file = tiny(tmp_path, dtype="uint8", layout=layout, metadata=ultralytics_metadata())
    model = add(store, file)
    spec = model.manifest.input
    assert (spec.dtype, spec.layout, spec.scale) == ("uint8", layout, 1.0)
    with open_runtime("onnx://", model, 1) as runtime:
        assert runtime.infer(np.zeros((1, 64, 96, 3), np.uint8)).result().shape == (1, 7, 126)


def test_what_the_user_says_stands_above_the_file(store: ModelStore, tmp_path: Path) -> None:
    file = tiny(tmp_path, metadata=ultralytics_metadata(license="MIT"))
    said = {"classes": ("x", "y", "z"), "channels": "BGR", "scale": 0.5, "mean": (1.0, 2.0, 3.0),
            "std": (2.0, 2.0, 2.0), "confidence": 0.4, "iou": 0.5}  # fmt: skip
    manifest = add(store, file, **said).manifest
    spec = manifest.input
    assert (spec.channels, spec.scale, spec.mean, spec.std) == (
        "BGR", 0.5, (1.0, 2.0, 3.0), (2.0, 2.0, 2.0),
    )  # fmt: skip
    assert manifest.classes == ("x", "y", "z")
    assert (manifest.thresholds.confidence, manifest.thresholds.iou) == (0.4, 0.5)
    assert manifest.licence == "MIT"


def test_numbers_versions_above_the_highest(store: ModelStore, tmp_path: Path) -> None:
    file = tiny(tmp_path, metadata=ultralytics_metadata())
    first = add(store, file)
    assert add(store, file) == first
    assert add(store, file, confidence=0.5).manifest.label == "mine@2"
    assert add(store, file, name="other").manifest.label == "other@1"
    bundled = store.bundled / "mine/7"
    bundled.mkdir(parents=True)
    seventh = replace(first.manifest, version="7", licence="other")
    (bundled / "model.json").write_bytes(to_json(seventh))
    assert add(store, file, confidence=0.6).manifest.label == "mine@8"


def test_two_at_once_get_two_numbers(store: ModelStore, tmp_path: Path) -> None:
    manifest = TinyModel().manifest()
    with ThreadPoolExecutor(8) as pool:
        models = list(pool.map(lambda n: publish_model(store, b"%d" % n, manifest), range(16)))
    assert sorted(int(model.manifest.version) for model in models) == list(range(1, 17))
    assert {model.path.read_bytes() for model in models} == {b"%d" % n for n in range(16)}
    assert len(list((store.own / "tiny").iterdir())) == 16


def test_axes_that_are_only_called_dynamic_are_not_believed(
    store: ModelStore, tmp_path: Path
) -> None:
    file = tiny(tmp_path, dynamic_batch=True, lies=True, metadata=ultralytics_metadata())
    assert add(store, file).manifest.input.max_batch == 1


ASKED = {
    "classes": ({}, {}, "3 classes.*--classes a,b,c or --classes-file"),
    "classes of a grid": ({"decoding": "grid"}, {}, "3 classes.*--classes"),
    "size": ({"dynamic_size": True}, {"classes": ABC}, "--size HxW"),
    "decoding": (
        {"decoding": "grid", "classes": 1, "dynamic_size": True},
        {"classes": ("a",), "size": (64, 64)},
        "--decoding raw, end2end or grid",
    ),
}


@pytest.mark.parametrize(("built", "said", "asked"), ASKED.values(), ids=ASKED.keys())
def test_asks_for_what_it_cannot_know(
    store: ModelStore, built: Any, said: Any, asked: str, tmp_path: Path
) -> None:
    error = refusal(store, tiny(tmp_path, **built), **said)
    assert error.code == "model_needs_option"
    assert re.search(asked, error.message)


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ((1, 84, 2100), "raw"),
        ((1, 2100, 85), "grid"),
        ((1, 2100, 6), "grid"),
        ((1, 300, 6), "end2end"),
        ((None, 84, None), "raw"),
        ((None, None, 85), "grid"),
        ((None, None, 6), None),
        ((1, 84, 2625), "raw"),  # a fourth stride
        ((1, 6300, 85), None),  # three anchors a cell: YOLOv5
        ((1, 512), None),
        (None, None),
    ],
)
def test_output_shapes_tell_the_decoding(output: Any, expected: str | None) -> None:
    assert infer_decoding(output, cells=2100) == expected


def test_real_models(store: ModelStore, test_data: Path) -> None:
    models = test_data / "models"
    yolo = add(store, models / "yolo11n_coco_320_int8.onnx", name="yolo")
    assert (yolo.manifest.decoding, len(yolo.manifest.classes)) == ("raw", COCO_COUNT)
    assert yolo.manifest.classes[15] == "cat"
    yolox = add(
        store, models / "yolox_nano_coco_416.onnx", name="yolox", classes=yolo.manifest.classes
    )
    assert (yolox.manifest.decoding, yolox.manifest.input.channels) == ("grid", "BGR")
