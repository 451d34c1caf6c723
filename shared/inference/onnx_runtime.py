"""`onnx://`: ONNX Runtime on the CPU, or on a GPU with `?provider=cuda`."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from shared.errors import InvalidInputError, ModelError
from shared.inference.adapters import count
from shared.inference.models import Model
from shared.inference.pooled import PooledRuntime
from shared.inference.port import Images, Output
from shared.inference.preprocess import Preprocess

_ONLY_ERRORS = 3
_CUDA_IN_FLIGHT = 2  # one running, one being prepared; more only queue on the device
_PROVIDERS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "cpu": [("CPUExecutionProvider", {})],
    "cuda": [
        # TF32 rounds to 10 bits; an exhaustive search may choose another algorithm each start.
        ("CUDAExecutionProvider", {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}),
        # ONNX Runtime places shape arithmetic on the CPU even for a network that runs on a GPU.
        ("CPUExecutionProvider", {}),
    ],
}

RUN_ERRORS: tuple[type[Exception], ...] = (
    errors.EPFail,
    errors.EngineError,
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NoModel,
    errors.NotImplemented,
    errors.RuntimeException,
    RuntimeError,
    ValueError,
)
"""What loading or running a model raises; ONNX Runtime's own classes share no base class."""


def open_model(model: Model, threads: int, options: Mapping[str, str]) -> PooledRuntime:
    """Load a model.

    Args:
        threads: inferences in flight on the CPU.
        options: `provider` (cpu, cuda); `in_flight` if the URL named it, which a GPU heeds too;
            `intra_op`, threads inside one inference (1): more of them make one picture
            faster and many slower.

    Raises:
        InvalidInputError: `unknown_provider`, or `provider_unavailable`: never a silent
            fallback to the CPU.
        ModelError: `model_changed`, or `model_does_not_run`.
    """
    provider = options.get("provider", "cpu")
    _check_provider(provider)
    try:
        session = open_session(model.read(), provider, count(options, "intra_op", 1))
    except RUN_ERRORS as error:
        raise ModelError(
            "model_does_not_run",
            f"{model.path}: ONNX Runtime {ort.__version__} cannot load it ({first_line(error)}); "
            "export the model for this version.",
        ) from error
    workers = threads if provider == "cpu" or "in_flight" in options else _CUDA_IN_FLIGHT
    provenance = {
        "runtime": "onnxruntime",
        "version": ort.__version__,
        "device": provider,
        "precision": "as exported",
    }
    return PooledRuntime(_Inference(session, model), workers, provenance, model.manifest.label)


def open_session(model: bytes, provider: str = "cpu", intra_op: int = 1) -> Any:
    """An `InferenceSession` that runs each call in the thread that makes it, or in `intra_op`.

    Raises:
        InvalidInputError: `provider_unavailable`.
        RUN_ERRORS: the model cannot be loaded.
    """
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = intra_op, 1
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = _ONLY_ERRORS
    providers = _PROVIDERS[provider]
    session = ort.InferenceSession(model, options, providers=providers, enable_fallback=0)
    # Where CUDA's libraries do not load, ONNX Runtime only logs it and leaves the provider out.
    if session.get_providers()[0] != providers[0][0]:
        raise _unavailable(provider, "its CUDA or cuDNN libraries do not load")
    return session


class _Inference:
    """One call, from pictures to the first output."""

    def __init__(self, session: Any, model: Model) -> None:
        self._session, self._name = session, model.manifest.label
        self._input = model.manifest.input.name
        self._output = session.get_outputs()[0].name
        self._prepare = Preprocess(model.manifest.input)

    def __call__(self, images: Images) -> Output:
        feed = {self._input: self._prepare(images)}
        try:
            (output,) = self._session.run([self._output], feed)
        except RUN_ERRORS as error:
            raise ModelError(
                "inference_failed",
                f"Model {self._name} failed on a batch of shape {images.shape} "
                f"({first_line(error)}); check the manifest's input against the model file.",
            ) from error
        return np.asarray(output, np.float32)


def first_line(error: Exception) -> str:
    """The first line of a library's error, short enough for a sentence."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]


def _check_provider(provider: str) -> None:
    if provider not in _PROVIDERS:
        raise InvalidInputError(
            "unknown_provider",
            f"TRACKLOOP_INFERENCE_URL asks for provider {provider!r}; "
            f"known providers: {', '.join(_PROVIDERS)}.",
        )
    if _PROVIDERS[provider][0][0] not in ort.get_available_providers():
        raise _unavailable(provider, "the installed ONNX Runtime was built without it")
    if provider == "cuda" and hasattr(ort, "preload_dlls"):
        ort.preload_dlls()  # finds CUDA and cuDNN where they were installed as Python packages


def _unavailable(provider: str, why: str) -> InvalidInputError:
    return InvalidInputError(
        "provider_unavailable",
        f"TRACKLOOP_INFERENCE_URL asks for provider {provider!r} but {why}; put onnxruntime-gpu "
        "(the extra `cuda`) in place of onnxruntime and check the driver, or use onnx://.",
    )
