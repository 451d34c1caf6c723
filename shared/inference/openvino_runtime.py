"""`openvino://`: OpenVINO on the CPU, in f32 unless `?precision=bf16` asks for less."""

from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

import numpy as np
import openvino as ov

from shared.errors import InvalidInputError, ModelError
from shared.inference.models import Model
from shared.inference.pooled import PooledRuntime
from shared.inference.port import Images, Output
from shared.inference.preprocess import Preprocess

_CAPABILITY = {"f32": "FP32", "bf16": "BF16"}


def open_model(model: Model, threads: int, options: Mapping[str, str]) -> PooledRuntime:
    """Load a model.

    Args:
        threads: single-threaded inferences in flight.
        options: `precision` (f32, bf16).

    Raises:
        InvalidInputError: `unknown_precision`, or `precision_unavailable` on this processor,
            where OpenVINO would silently compute in f32.
        ModelError: `model_changed`, or `model_does_not_run`.
    """
    precision = options.get("precision", "f32")
    core = ov.Core()
    _check_precision(core, precision)
    try:
        compiled = _compile(core, model.read(), precision, threads)
    except RuntimeError as error:
        raise ModelError(
            "model_does_not_run",
            f"{model.path}: OpenVINO {ov.__version__} cannot load it ({_last_line(error)}); "
            "use onnx:// for this model.",
        ) from error
    provenance = {
        "runtime": "openvino",
        "version": ov.__version__,
        "device": "cpu",
        "precision": precision,
    }
    return PooledRuntime(
        _Inference(compiled, model, threads), threads, provenance, model.manifest.label
    )


def _compile(core: ov.Core, model: bytes, precision: str, threads: int) -> Any:
    """A stream per inference and a thread per stream: results do not depend on `threads`."""
    settings = {
        "INFERENCE_PRECISION_HINT": precision,
        "INFERENCE_NUM_THREADS": threads,
        "NUM_STREAMS": threads,
        # Pinning would put two processes that share a machine on the same cores.
        "ENABLE_CPU_PINNING": False,
    }
    return core.compile_model(core.read_model(model=model), "CPU", settings)


class _Inference:
    """One call, from pictures to the first output, on whichever request is free."""

    def __init__(self, compiled: Any, model: Model, threads: int) -> None:
        self._name = model.manifest.label
        self._prepare = Preprocess(model.manifest.input)
        self._free: SimpleQueue[Any] = SimpleQueue()
        for _ in range(threads):
            self._free.put(compiled.create_infer_request())

    def __call__(self, images: Images) -> Output:
        prepared = self._prepare(images)
        request = self._free.get()
        try:
            # The request's output memory is used again by its next call: take a copy.
            outputs = request.infer({0: prepared}, share_inputs=True, share_outputs=False)
        except RuntimeError as error:
            raise ModelError(
                "inference_failed",
                f"Model {self._name} failed on a batch of shape {images.shape} "
                f"({_last_line(error)}); check the manifest's input against the model file.",
            ) from error
        finally:
            self._free.put(request)
        return np.asarray(outputs[0], np.float32)


def _last_line(error: Exception) -> str:
    """OpenVINO's errors begin with places in its source; the fault itself comes last."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1][:200]


def _check_precision(core: ov.Core, precision: str) -> None:
    if precision not in _CAPABILITY:
        raise InvalidInputError(
            "unknown_precision",
            f"TRACKLOOP_INFERENCE_URL asks for precision {precision!r}; "
            f"known precisions: {', '.join(_CAPABILITY)}.",
        )
    if _CAPABILITY[precision] not in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        raise InvalidInputError(
            "precision_unavailable",
            f"TRACKLOOP_INFERENCE_URL asks for precision {precision!r}, which this processor "
            "does not have; use openvino://?precision=f32.",
        )
