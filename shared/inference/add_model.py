"""Adding an ONNX file as an own model: read, inspect, describe, try, publish."""

import hashlib
from dataclasses import replace
from pathlib import Path

from shared.domain.model import ModelManifest
from shared.errors import InvalidInputError, ModelError
from shared.inference.add_request import AddRequest
from shared.inference.check_fit import check_fit
from shared.inference.compose_manifest import compose_manifest
from shared.inference.inspect_model import inspect_model
from shared.inference.manifest import check_manifest
from shared.inference.models import Model, ModelStore
from shared.inference.publish_model import publish_model
from shared.inference.run_trial import TrialLimits, claims, run_trial

_DEFAULT_LIMITS = TrialLimits()


def add_model(
    store: ModelStore,
    file: Path,
    request: AddRequest,
    *,
    max_bytes: int,
    limits: TrialLimits = _DEFAULT_LIMITS,
) -> Model:
    """Check an ONNX detector and publish it as `request.name`; nothing stays on refusal.

    The same file with the same description again gives the version that is already there.

    Args:
        max_bytes: largest file.
        limits: of the process that runs the model once.

    Raises:
        InvalidInputError: `file_not_found`, `bad_model_name`, or `bad_option`.
        ModelError: `model_too_large`, `not_onnx`, `external_data`, `bad_metadata`,
            `unsupported_model`, `model_needs_option`, `model_does_not_run`,
            `model_does_not_fit`, or `bad_manifest`.
        TransientError: `disk_full`.
    """
    content, manifest = describe_model(file, request, max_bytes=max_bytes, limits=limits)
    return _already_there(store, manifest) or publish_model(store, content, manifest)


def describe_model(
    file: Path,
    request: AddRequest,
    *,
    max_bytes: int,
    limits: TrialLimits = _DEFAULT_LIMITS,
) -> tuple[bytes, ModelManifest]:
    """Check an ONNX detector, run it once in a process of its own, and say what it is.

    Returns:
        What was checked, and the manifest of version 1.

    Raises:
        See `add_model`.
    """
    content = _read(file, max_bytes)
    facts = inspect_model(content, file.name)
    manifest = compose_manifest(facts, request, hashlib.sha256(content).hexdigest(), file.name)
    check_manifest(manifest, file)
    return content, _tried(content, manifest, file.name, limits)


def _read(file: Path, max_bytes: int) -> bytes:
    if not file.is_file():
        raise InvalidInputError("file_not_found", f"{file} is not a file; check the path.")
    with file.open("rb") as opened:
        content = opened.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise ModelError(
            "model_too_large",
            f"{file.name} is larger than TRACKLOOP_MAX_MODEL_BYTES, {max_bytes} bytes; "
            "raise the limit if you trust the file.",
        )
    return content


def _tried(
    content: bytes, manifest: ModelManifest, file_name: str, limits: TrialLimits
) -> ModelManifest:
    """The manifest, with those claims that the trial run bore out.

    Exporters mark axes as dynamic that the network inside then fixes, and networks quantised
    at run time give other values in a batch; such a model runs one picture, or size, at a time.
    """
    first, *others = run_trial(content, manifest, file_name, limits)
    check_fit(first, manifest, file_name)
    held = {
        claim: run.error is None and run.finite and run.batch_agrees
        for claim, run in zip(claims(manifest), others, strict=True)
    }
    spec = manifest.input
    return replace(
        manifest,
        input=replace(
            spec,
            max_batch=spec.max_batch if held.get("max_batch") else 1,
            dynamic_size=held.get("dynamic_size", False),
        ),
    )


def _already_there(store: ModelStore, manifest: ModelManifest) -> Model | None:
    for version in store.versions(manifest.name):
        model = store.known(f"{manifest.name}@{version}")
        if not model.pruned and replace(model.manifest, version=manifest.version) == manifest:
            return model
    return None
