"""What every inference adapter must do; a new adapter only adds its URL."""

import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from shared.domain.model import ModelInput, ModelManifest
from shared.errors import ModelError
from shared.inference.adapters import open_runtime
from shared.inference.models import Model
from shared.inference.port import Runtime
from shared.storage.files import sha256_of
from shared.vision.postprocess import decode_output
from tests.support.tiny_models import TinyModel
from tests.support.triton_server import TritonServer

URLS = (
    "onnx://", "openvino://", "onnx://?provider=cuda",
    pytest.param("triton+grpc://", marks=pytest.mark.slow),
)  # fmt: skip
# Only ONNX Runtime on the CPU computes the reference itself.
BITWISE = {"onnx://"}


@pytest.fixture(params=URLS)
def url(request: pytest.FixtureRequest) -> str:
    chosen = str(request.param)
    if chosen.startswith("openvino") and importlib.util.find_spec("openvino") is None:
        pytest.skip("openvino is not installed")
    if "cuda" in chosen and "CUDAExecutionProvider" not in ort.get_available_providers():
        pytest.skip("this ONNX Runtime has no CUDA provider")
    if chosen.startswith("triton"):
        triton: TritonServer = request.getfixturevalue("triton")
        return triton.url
    return chosen


def pictures(count: int, height: int = 64, width: int = 96) -> NDArray[np.uint8]:
    return np.random.default_rng(3).integers(0, 256, (count, height, width, 3), np.uint8)


def reference(model: Model, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """ONNX Runtime called directly, with the arithmetic written out."""
    spec = model.manifest.input
    session = ort.InferenceSession(str(model.path), providers=["CPUExecutionProvider"])
    pixels = images if spec.channels == "RGB" else images[..., ::-1]
    if spec.dtype == "float32":
        mean, std = np.array(spec.mean, np.float32), np.array(spec.std, np.float32)
        pixels = (pixels.astype(np.float32) * np.float32(spec.scale) - mean) / std
    if spec.layout == "NCHW":
        pixels = pixels.transpose(0, 3, 1, 2)
    (output,) = session.run(None, {spec.name: np.ascontiguousarray(pixels)})
    return output


def assert_agree(url: str, found: NDArray[np.float32], expected: NDArray[np.float32]) -> None:
    assert found.dtype == np.float32
    if url in BITWISE:
        np.testing.assert_array_equal(found, expected)
    else:
        np.testing.assert_allclose(found, expected, rtol=1e-3, atol=2e-3)


@contextmanager
def running(url: str, model: Model, threads: int = 2) -> Iterator[Runtime]:
    with open_runtime(url, model, threads) as runtime:
        yield runtime


VARIANTS = {
    "raw": TinyModel(),
    "end2end": TinyModel("end2end"),
    "grid": TinyModel("grid"),
    "uint8 NHWC": TinyModel(dtype="uint8", layout="NHWC"),
    "uint8 NCHW": TinyModel(dtype="uint8"),
    "float NHWC": TinyModel(layout="NHWC"),
    "dynamic": TinyModel(dynamic_batch=True, dynamic_size=True),
}


@pytest.mark.parametrize("tiny", VARIANTS.values(), ids=VARIANTS.keys())
def test_gives_the_boxes_of_the_reference(url: str, tiny: TinyModel, tmp_path: Path) -> None:
    model = tiny.in_folder(tmp_path)
    images = pictures(1)
    expected = reference(model, images)
    with running(url, model) as runtime:
        found = runtime.infer(images).result()
    assert_agree(url, found, expected)
    boxes, wanted = (
        decode_output(output[0], model.manifest, size=(64, 96), iou=0.7)
        for output in (found, expected)
    )
    assert len(boxes) == len(wanted) > 0
    np.testing.assert_allclose(boxes.xyxy, wanted.xyxy, rtol=1e-3, atol=1e-2)
    np.testing.assert_array_equal(boxes.class_id, wanted.class_id)


def test_results_do_not_depend_on_order_or_company(url: str, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    images = pictures(12)
    with running(url, model, threads=3) as runtime:
        alone = [runtime.infer(image[None]).result() for image in images]
        futures = {k: runtime.infer(images[k][None]) for k in reversed(range(len(images)))}
        together = [futures[k].result() for k in range(len(images))]
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)


def test_results_do_not_depend_on_the_number_of_threads(url: str, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    outputs = []
    for threads in (1, 3):
        with running(url, model, threads) as runtime:
            outputs.append(runtime.infer(pictures(1)).result())
    np.testing.assert_array_equal(*outputs)


def test_a_batch_gives_what_its_pictures_give_alone(url: str, tmp_path: Path) -> None:
    model = TinyModel(dynamic_batch=True).in_folder(tmp_path)
    images = pictures(3)
    with running(url, model) as runtime:
        alone = np.concatenate([runtime.infer(image[None]).result() for image in images])
        assert_agree(url, runtime.infer(images).result(), alone)


def test_takes_any_size_that_a_dynamic_model_takes(url: str, tmp_path: Path) -> None:
    model = TinyModel(dynamic_size=True).in_folder(tmp_path)
    with running(url, model) as runtime:
        for height, width in ((64, 96), (96, 64), (32, 160), (64, 96)):
            images = pictures(1, height, width)
            assert_agree(url, runtime.infer(images).result(), reference(model, images))


def test_keeps_earlier_results_when_it_runs_again(url: str, tmp_path: Path) -> None:
    images = pictures(2)
    with running(url, TinyModel().in_folder(tmp_path), threads=1) as runtime:
        first = runtime.infer(images[:1]).result()
        before = first.copy()
        runtime.infer(images[1:]).result()
    np.testing.assert_array_equal(first, before)


@pytest.mark.parametrize(
    ("images", "fault"),
    [
        (pictures(1, 64, 64), "64 x 96 pixels"),
        (pictures(2), "1 to 1 pictures"),
        (pictures(1)[0], "must be uint8"),
        (pictures(1).astype(np.float32), "must be uint8"),
    ],
)
def test_refuses_wrong_pictures_in_the_future(
    url: str, images: NDArray[np.uint8], fault: str, tmp_path: Path
) -> None:
    with running(url, TinyModel().in_folder(tmp_path)) as runtime:
        future = runtime.infer(images)
        with pytest.raises(ModelError, match=fault) as refusal:
            future.result()
        assert refusal.value.code == "inference_failed"
        assert runtime.infer(pictures(1)).result().shape[0] == 1


def test_does_not_pass_on_mixed_pictures(url: str, tmp_path: Path) -> None:
    tiny = TinyModel(dynamic_batch=True, lies=True)
    path = tiny.save(tmp_path / "model.onnx")
    honest = TinyModel(dynamic_batch=True).manifest(sha256_of(path))
    with running(url, Model(honest, path)) as runtime:
        with pytest.raises(ModelError, match="1 outputs for 2 pictures") as refusal:
            runtime.infer(pictures(2)).result()
        assert refusal.value.code == "inference_failed"


def test_reports_a_network_that_fails_in_the_future(url: str, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    larger = replace(model.manifest.input, height=128)
    wrong = Model(replace(model.manifest, input=larger), model.path)
    with running(url, wrong) as runtime:
        with pytest.raises(ModelError, match="tiny@1") as refusal:
            runtime.infer(pictures(1, 128)).result()
        assert refusal.value.code == "inference_failed"


def test_closing_lets_calls_end_and_takes_no_more(url: str, tmp_path: Path) -> None:
    runtime = open_runtime(url, TinyModel().in_folder(tmp_path), 2)
    futures = [runtime.infer(image[None]) for image in pictures(8)]
    runtime.close()
    assert all(future.done() and future.exception() is None for future in futures)
    runtime.close()
    with pytest.raises(RuntimeError, match="closed"):
        runtime.infer(pictures(1))


def test_refuses_a_file_that_was_changed(url: str, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    model.path.write_bytes(model.path.read_bytes() + b"\0")
    with pytest.raises(ModelError) as refusal:
        open_runtime(url, model, 1)
    assert refusal.value.code == "model_changed"


def test_says_what_it_cannot_load(url: str, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(b"not a model")
    with pytest.raises(ModelError, match=r"model\.onnx") as refusal:
        open_runtime(url, Model(TinyModel().manifest(sha256_of(path)), path), 1)
    assert refusal.value.code == "model_does_not_run"


def test_says_what_ran_the_model_and_how_much_at_once(url: str, tmp_path: Path) -> None:
    model = TinyModel().in_folder(tmp_path)
    with running(url, model, threads=3) as runtime:
        assert runtime.in_flight == (2 if "cuda" in url else 3)
        assert set(runtime.provenance) == {"runtime", "version", "device", "precision"}
    option = "&in_flight=4" if "?" in url else "?in_flight=4"
    with running(url + option, model, threads=3) as runtime:
        assert runtime.in_flight == 4


REAL = {
    # The quantised one rounds at run time, so another runtime may differ by whole steps.
    "yolo11n_coco_320_int8.onnx": (320, "images", "RGB", 1 / 255, "raw"),
    "yolox_nano_coco_416.onnx": (416, "images", "BGR", 1.0, "grid"),
}


@pytest.mark.parametrize("name", REAL)
def test_runs_real_models_as_the_reference_does(url: str, name: str, test_data: Path) -> None:
    side, pixels, channels, scale, decoding = REAL[name]
    path = test_data / "models" / name
    manifest = ModelManifest(
        name="real", version="1", task="detect", classes=tuple(map(str, range(80))),
        decoding=decoding, sha256=sha256_of(path),
        input=ModelInput(pixels, side, side, channels=channels, scale=scale),
    )  # fmt: skip
    model = Model(manifest, path)
    images = pictures(1, side, side)
    with running(url, model) as runtime:
        outputs = [runtime.infer(images) for _ in range(4)]
        found = [output.result() for output in outputs]
    for other in found[1:]:
        np.testing.assert_array_equal(found[0], other)
    if "int8" not in name or url in BITWISE:
        assert_agree(url, found[0], reference(model, images))
