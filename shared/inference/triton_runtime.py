"""`triton+grpc://host:port`: a Triton Inference Server runs the models, for all who ask it."""

import logging
from collections.abc import Mapping
from queue import SimpleQueue
from typing import Any

from tritonclient.grpc import InferenceServerClient
from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup

from shared.inference.circuit import Circuit
from shared.inference.models import Model
from shared.inference.pooled import PooledRuntime
from shared.inference.port import Images, Output
from shared.inference.preprocess import Preprocess
from shared.inference.triton_address import TritonAddress, read_address
from shared.inference.triton_client import (
    ANSWER_ERRORS,
    connect,
    failed_for_now,
    inference_fault,
    is_forgotten,
)
from shared.inference.triton_config import Served, describe
from shared.inference.triton_loading import ensure_loaded
from shared.inference.triton_slot import Slot

log = logging.getLogger(__name__)

_COOLDOWN_SECONDS = 5.0


def open_model(model: Model, threads: int, options: Mapping[str, str]) -> PooledRuntime:
    """Have the server load a model, unless it has, and ask it from then on.

    Args:
        threads: calls in flight. The server makes batches of what comes at the same time, from
            whichever camera, chunk or worker.
        options: see `TritonAddress`.

    Raises:
        InvalidInputError: `bad_inference_url`, `repository_not_writable`.
        ModelError: `model_changed`, `model_does_not_run`, `not_staged`.
        TransientError: `triton_unavailable`, `disk_full`.
    """
    address = read_address(options)
    served = describe(model, address)
    client = connect(address.server)
    try:
        config = ensure_loaded(client, address, model, served)
        provenance = _provenance(client, address, config)
    except BaseException:
        client.close()
        raise
    inference = _Inference(client, address, model, served, threads)
    return _TritonRuntime(inference, threads, provenance, model.manifest.label)


def stage_model(model: Model, options: Mapping[str, str]) -> None:
    """Put a model into the server's repository and load it; nobody asks for it yet.

    Raises:
        See `open_model`.
    """
    open_model(model, 1, options).close()


class _TritonRuntime(PooledRuntime):
    """Lets go of the server's memory at its end."""

    def __init__(
        self, inference: "_Inference", workers: int, provenance: dict[str, str], label: str
    ) -> None:
        super().__init__(inference, workers, provenance, label)
        self._inference: _Inference | None = inference

    def close(self) -> None:
        super().close()
        inference, self._inference = self._inference, None
        if inference is not None:
            inference.close()


class _Inference:
    """One call, from pictures to the first output, tried again while the server is away."""

    def __init__(
        self, client: InferenceServerClient, address: TritonAddress, model: Model,
        served: Served, threads: int,
    ) -> None:  # fmt: skip
        self._client, self._address, self._model, self._served = client, address, model, served
        self._prepare = Preprocess(model.manifest.input)
        self._circuit = Circuit(address.patience, _COOLDOWN_SECONDS)
        self._slots = [
            Slot(client, address, served, model.manifest.input.name) for _ in range(threads)
        ]
        self._free: SimpleQueue[Slot] = SimpleQueue()
        for slot in self._slots:
            self._free.put(slot)

    def __call__(self, images: Images) -> Output:
        prepared = self._prepare(images)
        slot = self._free.get()
        try:
            return self._circuit.call(lambda: self._attempt(slot, prepared))
        finally:
            self._free.put(slot)

    def _attempt(self, slot: Slot, prepared: Any) -> Output:
        try:
            try:
                return slot.infer(prepared)
            except ANSWER_ERRORS as error:
                if not is_forgotten(error):
                    raise
                slot.forget_region()
                self._load_again(error)
                return slot.infer(prepared)
        except ANSWER_ERRORS as error:
            raise inference_fault(
                self._address.server, self._model.manifest.label, error
            ) from error

    def _load_again(self, error: Exception) -> None:
        """The server was started anew, with nothing loaded."""
        log.info("%s forgot %s: %s", self._address.server, self._served.name, error)
        ensure_loaded(self._client, self._address, self._model, self._served)

    def close(self) -> None:
        """Let go of the server's memory and of the connection."""
        try:
            for slot in self._slots:
                slot.close()
        except ANSWER_ERRORS as error:
            # Asked once, not once a slot: each time would take as long as a call may.
            log.info("%s keeps memory: %s", self._address.server, error)
        finally:
            self._client.close()


def _provenance(
    client: InferenceServerClient, address: TritonAddress, config: ModelConfig
) -> dict[str, str]:
    try:
        server = client.get_server_metadata(client_timeout=address.timeout)
    except ANSWER_ERRORS as error:
        raise failed_for_now(address.server, error) from error
    kinds = {ModelInstanceGroup.Kind.Name(group.kind) for group in config.instance_group}
    return {
        "runtime": f"triton, {config.backend or config.platform}",
        "version": server.version,
        "device": "gpu" if "KIND_GPU" in kinds else "cpu",
        "precision": "as exported",
    }
