"""What the parent is told of an error: a stable code and one sentence."""

import sys
from pathlib import Path

from shared.errors import InvalidInputError, PermanentError, TrackloopError, TransientError
from shared.training.environment import no_environment

_NO_MEMORY = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "alloc_failed",
)
"""How torch says it: on a GPU, and its three ways on a processor."""


def told_as(error: Exception) -> dict[str, str]:
    """Kind, code and message."""
    known = _known(error)
    if isinstance(known, TransientError):
        kind = "transient"
    else:
        kind = "invalid" if isinstance(known, InvalidInputError) else "permanent"
    return {"kind": kind, "code": known.code, "message": known.message}


def _known(error: Exception) -> TrackloopError:
    if isinstance(error, TrackloopError):
        return error
    words = str(error).strip().partition("\n")[0][:200]
    if isinstance(error, MemoryError) or any(part in words.lower() for part in _NO_MEMORY):
        return PermanentError(
            "out_of_memory",
            f"The memory does not suffice ({words or 'no more can be had'}); choose a smaller "
            "batch, image_size or size.",
        )
    if isinstance(error, ImportError):
        return no_environment(Path(sys.executable), words)
    return PermanentError(
        "training_failed",
        f"The trainer failed ({type(error).__name__}: {words.rstrip('.')}); its log, "
        "training.log, has the rest.",
    )
