"""A training process and what it says, line by line; gone when nobody wants it any more."""

import os
import selectors
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import orjson
from pydantic import TypeAdapter

from shared.errors import InvalidInputError, PermanentError, TrackloopError, TransientError
from shared.settings import REPOSITORY
from shared.storage.files import write_bytes
from shared.training.environment import MODULE, child_environment, no_environment
from shared.training.jobs import Job

LOG = "training.log"
_JOB = "job.json"
_LOOK_SECONDS = 0.5
_END_SECONDS = 30.0
_KINDS: dict[str, type[TrackloopError]] = {
    "transient": TransientError,
    "invalid": InvalidInputError,
    "permanent": PermanentError,
}

Message = dict[str, Any]
OnLook = Callable[[], None]
"""Called at least once a second while the process works; what it raises ends it."""


class TrainingProcess:
    """`python -m shared.training.child FOLDER/job.json`.

    It writes messages, one JSON object a line, to its standard output and all else that it has
    to say to `FOLDER/training.log`. Its standard input tells it that we are alive.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self._process, self._log = process, log
        self.input = cast(BinaryIO, process.stdin)
        self.output = cast(BinaryIO, process.stdout)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def messages(self, on_look: OnLook) -> Iterator[Message]:
        """What it says, its result last; how it ends after that is of no interest.

        Raises:
            TrackloopError: the process said that it cannot.
            TransientError: `training_died`: it ended without either.
        """
        for line in self._lines(on_look):
            message: Message = orjson.loads(line)
            if "error" in message:
                raise _error(message["error"])
            yield message
            if "result" in message:
                return
        raise self.died()

    def died(self) -> TransientError:
        """The error for a process that says nothing more: `training_died`, with its last words."""
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        return TransientError("training_died", self._epitaph())

    def end(self) -> None:
        """Kill it with all that it started; what it had published stays."""
        if self._process.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        for stream in (self.input, self.output):
            with suppress(BrokenPipeError):
                stream.close()

    def _lines(self, on_look: OnLook) -> Iterator[bytes]:
        rest = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.output, selectors.EVENT_READ)
            while True:
                # Where a reader of pictures outlives it, the pipe has no end: the process has.
                gone = self._process.poll() is not None
                if selector.select(0 if gone else _LOOK_SECONDS):
                    piece = os.read(self.output.fileno(), 65536)
                    if not piece:
                        return
                    *lines, rest = (rest + piece).split(b"\n")
                    yield from lines
                elif gone:
                    return
                on_look()

    def _epitaph(self) -> str:
        code = self._process.returncode
        if code is not None and code < 0:
            how = f"ended by {signal.Signals(-code).name}, as by too little memory"
        else:
            how = f"exit {code}" if code is not None else "it does not end"
        last = self._log.read_text(errors="replace").strip().rpartition("\n")[2][:200]
        return (
            f"The training process died ({how}; its last words: {last or 'none'}); "
            f"it goes on from its checkpoint when it is run again."
        )


@contextmanager
def training_process(python: Path, job: Job, folder: Path) -> Iterator[TrainingProcess]:
    """Start a job; the process is ended with the block.

    Args:
        folder: for the job, the log and the trainer's settings; made where it is missing.

    Raises:
        PermanentError: `no_training_environment`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_bytes(folder / _JOB, TypeAdapter(Job).dump_json(job))
    log = folder / LOG
    try:
        with log.open("ab") as words:
            process = subprocess.Popen(
                [str(python), "-m", MODULE, str(folder / _JOB), str(os.getpid())],
                cwd=REPOSITORY,  # -m would import from the user's folder first
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                env=child_environment(),
                start_new_session=True,
            )
    except OSError as error:
        raise no_environment(python, error.strerror or "it does not start") from error
    running = TrainingProcess(process, log)
    try:
        yield running
    finally:
        running.end()


def _error(told: dict[str, str]) -> TrackloopError:
    return _KINDS[told["kind"]](told["code"], told["message"])
