"""Reading `model.json`, and the rules that every manifest keeps."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.storage.documents import read_document

LARGEST_SIDE = 4096
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")
_VERSION = re.compile(r"[1-9][0-9]{0,8}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_slug(name: str) -> bool:
    """True for a model name: it is part of paths and URLs and can never lead out of them."""
    return _SLUG.fullmatch(name) is not None


def is_version(text: str) -> bool:
    """True for 1, 2, 3 …"""
    return _VERSION.fullmatch(text) is not None


def read_manifest(path: Path) -> ModelManifest:
    """Read and check one manifest.

    Raises:
        ModelError: `bad_manifest`, naming the file, the field and the fault.
    """
    try:
        manifest = read_document(path, ModelManifest)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the document"
        raise bad_manifest(path, field, first["msg"]) from error
    except OSError as error:
        raise bad_manifest(path, "the document", error.strerror or "cannot be read") from error
    check_manifest(manifest, path)
    return manifest


def check_manifest(manifest: ModelManifest, path: Path) -> None:
    """Check what the types alone do not say.

    Raises:
        ModelError: `bad_manifest`, naming the file, the field and the fault.
    """
    for field, fault in _faults(manifest):
        raise bad_manifest(path, field, fault)


def bad_manifest(path: Path, field: str, fault: str) -> ModelError:
    """The error for a manifest that cannot be used."""
    return ModelError(
        "bad_manifest", f"{path}: {field}: {fault}; correct the field or add the model again."
    )


def _faults(manifest: ModelManifest) -> Iterator[tuple[str, str]]:
    if not is_slug(manifest.name):
        yield "name", "must be lower-case letters, digits, '_', '.' and '-', 64 at most"
    if not is_version(manifest.version):
        yield "version", "must be a number from 1"
    if not _SHA256.fullmatch(manifest.sha256):
        yield "sha256", "must be 64 hexadecimal digits"
    if manifest.weights_sha256 is not None and not _SHA256.fullmatch(manifest.weights_sha256):
        yield "weights_sha256", "must be 64 hexadecimal digits, or be left out"
    if manifest.task == "detect" and not manifest.classes:
        yield "classes", "must name at least one class"
    if manifest.task == "reid" and not manifest.embedding_size:
        yield "embedding_size", "must be given for a reid model"
    for name in ("confidence", "iou"):
        if not 0 < getattr(manifest.thresholds, name) <= 1:
            yield f"thresholds.{name}", "must be above 0 and at most 1"
    yield from _input_faults(manifest)


def _input_faults(manifest: ModelManifest) -> Iterator[tuple[str, str]]:
    spec = manifest.input
    for name in ("height", "width"):
        if not 1 <= getattr(spec, name) <= LARGEST_SIDE:
            yield f"input.{name}", f"must lie between 1 and {LARGEST_SIDE} pixels"
    if spec.max_batch < 1:
        yield "input.max_batch", "must be at least 1"
    if not all(math.isfinite(value) for value in (spec.scale, *spec.mean, *spec.std)):
        yield "input", "scale, mean and std must be finite numbers"
    if spec.scale == 0 or 0 in spec.std:
        yield "input", "neither scale nor std may be 0"
