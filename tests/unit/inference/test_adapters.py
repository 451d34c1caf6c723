"""URLs that are refused, and with which words."""

import sys
from pathlib import Path

import pytest

from shared.errors import InvalidInputError
from shared.inference.adapters import open_runtime
from tests.support.tiny_models import TinyModel


@pytest.mark.parametrize(
    ("url", "code", "words"),
    [
        ("tensorrt://", "unknown_scheme", "TRACKLOOP_INFERENCE_URL.*onnx, openvino"),
        ("", "unknown_scheme", "onnx, openvino"),
        ("onnx://somewhere", "bad_inference_url", "names a place"),
        ("onnx:///models", "bad_inference_url", "names a place"),
        (
            "onnx://?providr=cuda",
            "bad_inference_url",
            "'providr' is unknown.*in_flight, intra_op, provider",
        ),
        ("openvino://?provider=cuda", "bad_inference_url", "'provider' is unknown"),
        ("onnx://?in_flight=1&in_flight=2", "bad_inference_url", "given twice"),
        ("onnx://?in_flight=0", "bad_inference_url", "in_flight is '0'"),
        ("onnx://?in_flight=", "bad_inference_url", "in_flight is ''"),
        ("onnx://?in_flight=²", "bad_inference_url", "in_flight is"),
        ("onnx://?in_flight=257", "bad_inference_url", "1 to 256"),
        ("onnx://?provider=tpu", "unknown_provider", "cpu, cuda"),
        ("triton+grpc://", "bad_inference_url", "names no server.*triton.grpc://host:port"),
        ("triton+grpc://triton", "bad_inference_url", "names no server"),
        ("triton+grpc://triton:http", "bad_inference_url", "names no server"),
        ("triton+grpc://triton:8001/models", "bad_inference_url", "names no server"),
        ("triton+grpc://me:secret@triton:8001", "bad_inference_url", "names no server"),
        ("triton+grpc://t:1?repository=models", "bad_inference_url", "absolute path"),
        ("triton+grpc://t:1?device=tpu", "bad_inference_url", "auto, cpu, gpu"),
        ("triton+grpc://t:1?shared_memory=yes", "bad_inference_url", "auto, on, off"),
        ("triton+grpc://t:1?instances=0", "bad_inference_url", "1 to 64"),
        ("triton+grpc://t:1?timeout=nan", "bad_inference_url", "above 0"),
        ("triton+grpc://t:1?patience=-1", "bad_inference_url", "above 0"),
        ("triton+grpc://t:1?provider=cuda", "bad_inference_url", "'provider' is unknown"),
        ("triton+http://t:1", "unknown_scheme", "triton.grpc"),
    ],
)
def test_refuses_wrong_urls(url: str, code: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=words) as refusal:
        open_runtime(url, TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == code


def test_never_falls_back_from_a_gpu_to_the_cpu(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(InvalidInputError, match="onnxruntime-gpu") as refusal:
        open_runtime("onnx://?provider=cuda", TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == "provider_unavailable"


def test_notices_that_cuda_was_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("CUDA works here")
    # As where the GPU package is installed and its libraries do not load.
    promised = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: promised)
    monkeypatch.setattr(onnxruntime, "preload_dlls", lambda: None, raising=False)
    with (
        pytest.warns(UserWarning, match="CUDAExecutionProvider"),
        pytest.raises(InvalidInputError, match="do not load") as refusal,
    ):
        open_runtime("onnx://?provider=cuda", TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == "provider_unavailable"


def test_names_the_extra_of_a_missing_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "shared.inference.openvino_runtime", raising=False)
    with pytest.raises(InvalidInputError, match="install the extra `openvino`") as refusal:
        open_runtime("openvino://", TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == "missing_package"


def test_names_the_extra_that_asks_triton(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("shared.inference.triton_")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tritonclient.grpc", None)
    with pytest.raises(InvalidInputError, match="install the extra `triton`") as refusal:
        open_runtime("triton+grpc://127.0.0.1:1", TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == "missing_package"


def test_refuses_bf16_where_the_processor_lacks_it(tmp_path: Path) -> None:
    openvino = pytest.importorskip("openvino")
    if "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor computes in bf16")
    with pytest.raises(InvalidInputError, match="precision=f32") as refusal:
        open_runtime("openvino://?precision=bf16", TinyModel().in_folder(tmp_path), 1)
    assert refusal.value.code == "precision_unavailable"


def test_naming_the_adapters_loads_none_of_them() -> None:
    import subprocess

    code = (
        "import sys, shared.inference.adapters, shared.inference.models;"
        "sys.exit(bool({'onnx', 'onnxruntime', 'openvino', 'cv2', 'grpc'} & set(sys.modules)))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", code], check=False, cwd=root).returncode == 0
