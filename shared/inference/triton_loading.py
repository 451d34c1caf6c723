"""A model on the server: staged, loaded, and known to be the one that is meant."""

import logging
from pathlib import Path

from tritonclient.grpc import InferenceServerClient
from tritonclient.grpc.model_config_pb2 import ModelConfig

from shared.errors import ModelError
from shared.inference.models import Model
from shared.inference.triton_address import TritonAddress
from shared.inference.triton_client import (
    ANSWER_ERRORS,
    failed_for_now,
    is_away,
    is_forgotten,
    words,
)
from shared.inference.triton_config import SHA256, VERSION, Served, does_not_run
from shared.inference.triton_repository import stage_folder

log = logging.getLogger(__name__)

LOAD_SECONDS = 300.0


def ensure_loaded(
    client: InferenceServerClient, address: TritonAddress, model: Model, served: Served
) -> ModelConfig:
    """Load the model unless the server has it; gives its configuration as the server has it.

    Nothing is ever unloaded or loaded again: what differs has another name. Of several who ask at
    once one loads, the server lets the others wait for it.

    Raises:
        TransientError: `triton_unavailable`, `disk_full`.
        ModelError: `model_does_not_run`, `not_staged`, `model_changed`.
        InvalidInputError: `repository_not_writable`.
    """
    try:
        if not client.is_model_ready(served.name, VERSION, client_timeout=address.timeout):
            _load(client, address, model, served)
        answer = client.get_model_config(served.name, VERSION, client_timeout=address.timeout)
    except ANSWER_ERRORS as error:
        raise failed_for_now(address.server, error) from error
    return _checked(answer.config, model, served)


def _load(
    client: InferenceServerClient, address: TritonAddress, model: Model, served: Served
) -> None:
    if address.repository is not None:
        stage_folder(address.repository, served, model.manifest)
    try:
        client.load_model(served.name, client_timeout=LOAD_SECONDS)
    except ANSWER_ERRORS as error:
        if is_away(error):
            raise
        raise _refused(address.repository, model, served, error) from error
    log.info("%s is loaded on %s as %s", model.manifest.label, address.server, served.name)


def _refused(repository: Path | None, model: Model, served: Served, error: Exception) -> ModelError:
    if repository is None or is_forgotten(error) or "failed to poll" in words(error):
        return ModelError(
            "not_staged",
            f"{model.manifest.label}: Triton finds no folder {served.name} ({words(error)}); give "
            "TRACKLOOP_INFERENCE_URL ?repository=, the repository that Triton reads.",
        )
    return does_not_run(model, words(error))


def _checked(config: ModelConfig, model: Model, served: Served) -> ModelConfig:
    """Whoever may write the repository could have put another model there."""
    if config.parameters[SHA256].string_value != model.manifest.sha256:
        raise ModelError(
            "model_changed",
            f"{model.manifest.label}: the model that Triton serves as {served.name} is another "
            "one; remove its folder from the repository and start Triton again.",
        )
    return config
