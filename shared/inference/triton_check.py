"""Whether a Triton server answers and infers; its readiness alone says too little."""

from collections.abc import Mapping
from contextlib import closing

import numpy as np
from tritonclient.grpc import InferenceServerClient, InferInput
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig

from shared.errors import InvalidInputError
from shared.inference.triton_address import read_address
from shared.inference.triton_client import ANSWER_ERRORS, connect, failed_for_now, is_away, words
from shared.inference.triton_config import SHA256, VERSION

_SECONDS = 10.0
_TYPES = {"TYPE_UINT8": ("UINT8", np.uint8), "TYPE_FP32": ("FP32", np.float32)}


def check_server(options: Mapping[str, str]) -> None:
    """Ask it what it is, and have a model run that it has loaded for us, if there is one.

    Raises:
        InvalidInputError: `bad_inference_url`; `no_triton`: something else answers there.
        TransientError: `triton_unavailable`: nobody answers, or it does not infer.
    """
    server = read_address(options).server
    with closing(connect(server)) as client:
        try:
            client.get_server_metadata(client_timeout=_SECONDS)
        except ANSWER_ERRORS as error:
            if is_away(error):
                raise failed_for_now(server, error) from error
            raise InvalidInputError(
                "no_triton",
                f"TRACKLOOP_INFERENCE_URL: what answers at {server} is no Triton "
                f"({words(error)}); give the port of Triton's gRPC.",
            ) from error
        try:
            _infer(client)
        except ANSWER_ERRORS as error:
            raise failed_for_now(server, error) from error


def _infer(client: InferenceServerClient) -> None:
    """One black picture through one of our models."""
    for found in client.get_model_repository_index(client_timeout=_SECONDS).models:
        if found.state != "READY" or found.version != VERSION:
            continue
        answer = client.get_model_config(found.name, found.version, client_timeout=_SECONDS)
        if answer.config.parameters[SHA256].string_value:
            picture = _black(answer.config)
            client.infer(found.name, [picture], found.version, client_timeout=_SECONDS)
            return


def _black(config: ModelConfig) -> InferInput:
    (pixels,) = config.input
    name, dtype = _TYPES[DataType.Name(pixels.data_type)]
    sides = [size if size > 0 else 64 for size in pixels.dims]
    shape = [1, *sides] if config.max_batch_size else sides
    picture = InferInput(pixels.name, shape, name)
    picture.set_data_from_numpy(np.zeros(shape, dtype))
    return picture
