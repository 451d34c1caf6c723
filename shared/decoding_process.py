"""Untrusted files are decoded in a process of its own under limits: heard while it works, gone when
nobody wants it any more.

The child says lines of JSON: how far it is, {"progress": [done, in all or null]}, and last its
answer, or {"code", "message"} where it refuses a file.
"""

import os
import resource
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

import orjson

from shared.errors import MediaError
from shared.settings import REPOSITORY

OnProgress = Callable[[float, float | None], None]
"""Frames or pictures decoded, and in all where known."""

_LOOK_SECONDS = 0.25
_END_SECONDS = 10.0
"""Between the end of what it says and the end of the child itself."""


def run_decoding(
    module: str, request: object, folder: Path, name: str, timeout: float, on_progress: OnProgress
) -> dict[str, Any]:
    """What the child answers, or code and message.

    Args:
        module: what `python -m` runs, with the path of the request as its argument.
        request: a dataclass.
        folder: for the request and the child's error output.
        name: what messages call that which is decoded.
        timeout: seconds.
        on_progress: called a few times a second; what it raises ends the child.

    Raises:
        MediaError: `decode_timeout`, `decoder_died`.
    """
    file, errors = folder / "request.json", folder / "errors"
    file.write_bytes(orjson.dumps(request, default=str))
    try:
        with _child(module, file, errors) as (child, said):
            answer = _listen(said, time.monotonic() + timeout, on_progress)
            child.wait(_END_SECONDS)
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        raise MediaError(
            "decode_timeout",
            f"{name} did not decode within {timeout:.0f} s; "
            "give less or raise TRACKLOOP_PROBE_TIMEOUT_SECONDS.",
        ) from error
    if child.returncode != 0:
        last = errors.read_text(errors="replace").strip().rpartition("\n")[2]
        raise MediaError(
            "decoder_died",
            f"{name} broke the decoder (exit {child.returncode}: {last}); export it again.",
        )
    return answer


@contextmanager
def _child(
    module: str, request: Path, errors: Path
) -> "Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]":
    """The process and what it says; killed with all of its group when the block ends early."""
    with errors.open("wb") as stderr:
        child = subprocess.Popen(
            [sys.executable, "-m", module, str(request)],
            cwd=REPOSITORY,  # -m would import from the user's folder first
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )
    with child:
        try:
            yield child, cast(IO[bytes], child.stdout)
        finally:
            if child.poll() is None:
                with suppress(ProcessLookupError):
                    os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _listen(said: IO[bytes], deadline: float, on_progress: OnProgress) -> dict[str, Any]:
    """The child's last line; the others say how far it has come.

    Raises:
        TimeoutError: it said something else until the deadline.
    """
    so_far: tuple[float, float | None] = (0, None)
    line, rest = b"{}", b""
    with selectors.DefaultSelector() as selector:
        selector.register(said, selectors.EVENT_READ)
        while True:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if selector.select(min(_LOOK_SECONDS, left)):
                piece = os.read(said.fileno(), 65536)
                if not piece:
                    answer: dict[str, Any] = orjson.loads(line)
                    return answer
                *lines, rest = (rest + piece).split(b"\n")
                line = lines[-1] if lines else line
                so_far = _progress_of(line) or so_far
            on_progress(*so_far)


def _progress_of(line: bytes) -> tuple[float, float | None] | None:
    """Done and in all; None for the answer."""
    told = orjson.loads(line)
    if "progress" not in told:
        return None
    done, total = told["progress"]
    return done, total


def limit_process(memory_bytes: int) -> None:
    """For the child, before it opens anything: no more address space than this, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def say(told: object) -> None:
    """For the child: one line. Where nobody listens any more this raises, which ends it."""
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()
