"""Starts the child process that tries a model, and takes its report."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import orjson
from pydantic import TypeAdapter

from shared.domain.model import ModelManifest
from shared.errors import ModelError
from shared.inference.trial import TrialRequest, TrialRun
from shared.settings import REPOSITORY

_MODULE = "shared.inference.trial"
_WEIGHT_COPIES = 6  # as read, as parsed, as optimised, each while the next is made
# On a machine of many cores, idle threads alone would use up the address space.
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
_INHERITED = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True, slots=True)
class TrialLimits:
    """What trying a model may take.

    Attributes:
        seconds: wall clock, and processor time.
        memory_bytes: address space beside that for the model's own weights.
    """

    seconds: int = 60
    memory_bytes: int = 4 * 2**30


def run_trial(
    content: bytes, manifest: ModelManifest, file_name: str, limits: TrialLimits
) -> tuple[TrialRun, ...]:
    """Run a model over a grey picture and one of noise, in a process of its own.

    Where the manifest claims a dynamic batch or size, a batch of two or a second size follows.

    Returns:
        The run at the manifest's size, then those of `claims(manifest)`, in order.

    Raises:
        ModelError: `model_does_not_run`: it failed, crashed, or took more than the limits.
    """
    request = TrialRequest(
        input=manifest.input,
        channel_axis=1 if manifest.decoding == "raw" else 2,
        shapes=((1, *_size(manifest)), *claims(manifest).values()),
        seconds=limits.seconds,
        memory_bytes=limits.memory_bytes + _WEIGHT_COPIES * len(content),
    )
    report = _run(content, request, file_name)
    runs = TypeAdapter(tuple[TrialRun, ...]).validate_json(report)
    if runs[0].error is not None:
        raise _does_not_run(file_name, f"ONNX Runtime says: {runs[0].error.rstrip('.')}")
    return runs


def claims(manifest: ModelManifest) -> dict[str, tuple[int, int, int]]:
    """What the manifest claims beyond its own size, as (batch, height, width) to try."""
    height, width = _size(manifest)
    wanted = {}
    if manifest.input.max_batch > 1:
        wanted["max_batch"] = (2, height, width)
    if manifest.input.dynamic_size:
        wanted["dynamic_size"] = (1, height, width - 32 if width > 32 else width + 32)
    return wanted


def _size(manifest: ModelManifest) -> tuple[int, int]:
    return manifest.input.height, manifest.input.width


def _run(content: bytes, request: TrialRequest, file_name: str) -> bytes:
    command = [sys.executable, "-B", "-m", _MODULE, orjson.dumps(request).decode()]
    # Nothing of our environment is the model's business, least of all its passwords.
    environment = {key: os.environ[key] for key in _INHERITED if key in os.environ} | _ONE_THREAD
    try:
        child = subprocess.run(
            command, input=content, capture_output=True, check=False, cwd=REPOSITORY,
            env=environment, timeout=request.seconds,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _does_not_run(file_name, f"it took more than {request.seconds} s") from error
    if child.returncode:
        raise _does_not_run(file_name, _why(child))
    return child.stdout


def _why(child: "subprocess.CompletedProcess[bytes]") -> str:
    if child.returncode < 0:
        name = signal.Signals(-child.returncode).name
        return f"its process was stopped by {name}, as by too little memory or time"
    last = child.stderr.decode(errors="replace").strip().splitlines()[-1:]
    return f"its process failed: {''.join(last)[:200]}"


def _does_not_run(file_name: str, reason: str) -> ModelError:
    return ModelError(
        "model_does_not_run",
        f"{file_name} did not pass its trial run ({reason}); run it with ONNX Runtime yourself "
        "to see more, and export it again.",
    )
