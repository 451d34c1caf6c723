"""The interpreter that has torch, and what of our environment its processes may see."""

import os
import subprocess
import sys
from pathlib import Path

import orjson

from shared.errors import PermanentError
from shared.settings import REPOSITORY, Settings

MODULE = "shared.training.child"
_INHERITED = (
    "PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "HOME",
    "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUDA_HOME",
)  # fmt: skip
_CHECK_SECONDS = 300.0


def training_python(settings: Settings) -> Path:
    """The interpreter that `TRACKLOOP_TRAIN_PYTHON` names; where it names none, our own."""
    return settings.train_python or Path(sys.executable)


def child_environment() -> dict[str, str]:
    """Of a training process: nothing of ours is its business, least of all our passwords."""
    kept = {key: os.environ[key] for key in _INHERITED if key in os.environ}
    return kept | {"PYTHONUNBUFFERED": "1"}


def check_training_environment(python: Path) -> dict[str, str]:
    """Import torch and ultralytics in a process of that interpreter; some seconds.

    Returns:
        Versions of python, torch and ultralytics, and the device that would be used.

    Raises:
        PermanentError: `no_training_environment`.
    """
    try:
        ended = subprocess.run(
            [str(python), "-m", MODULE, "--check"], capture_output=True, check=False,
            cwd=REPOSITORY, env=child_environment(), stdin=subprocess.DEVNULL,
            timeout=_CHECK_SECONDS,
        )  # fmt: skip
    except OSError as error:
        raise no_environment(python, error.strerror or "it does not start") from error
    except subprocess.TimeoutExpired as error:
        raise no_environment(python, f"no answer within {_CHECK_SECONDS:.0f} s") from error
    if ended.returncode != 0:
        last = ended.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise no_environment(python, last[:200] or f"exit {ended.returncode}")
    try:
        answer: dict[str, str] = orjson.loads(b"".join(ended.stdout.splitlines()[-1:]))
    except orjson.JSONDecodeError as error:
        raise no_environment(python, "it answers with something else") from error
    return answer


def no_environment(python: Path, why: str) -> PermanentError:
    """The error for an interpreter that cannot train."""
    return PermanentError(
        "no_training_environment",
        f"{python} cannot train ({why.rstrip('.')}); run `make .venv/.train` and set "
        "TRACKLOOP_TRAIN_PYTHON to the interpreter with the extra `train`.",
    )
