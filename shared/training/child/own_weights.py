"""A .pt is code: it is read only where its hash is the one that was given."""

import hashlib
from pathlib import Path

from shared.errors import PermanentError
from shared.training.jobs import Weights


def checked_bytes(weights: Weights) -> bytes:
    """The file, if it is the one that was meant: what is read here is what was hashed.

    Raises:
        PermanentError: `foreign_weights`.
    """
    try:
        content = weights.path.read_bytes()
    except OSError as error:
        raise foreign(weights.path, error.strerror or "it cannot be read") from error
    if hashlib.sha256(content).hexdigest() != weights.sha256:
        raise foreign(weights.path, "its SHA-256 is not the one on record")
    return content


def foreign(path: Path, why: str) -> PermanentError:
    """The error for weights that nobody may load."""
    return PermanentError(
        "foreign_weights",
        f"{path.name} is refused ({why}): such a file is code, so only those that this Trackloop "
        "trained are loaded; train again, from scratch.",
    )
