"""A Celery worker with processes of its own: what serves a broker."""

import multiprocessing
import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any

from celery import Celery
from celery.platforms import set_pdeathsig
from celery.signals import (
    setup_logging,
    worker_process_init,
    worker_process_shutdown,
    worker_ready,
    worker_shutting_down,
)

from shared.domain.step import StepRef
from shared.metrics import LOOP
from shared.pipeline.celery_app import serve_steps
from shared.pipeline.leases import Message
from shared.pipeline.pulse import Closing
from shared.pipeline.worker import StepWorker

_TICK_SECONDS = 1.0
_CHILD_STARTS_SECONDS = 120.0


OpenWorker = Callable[[Closing], AbstractContextManager[StepWorker]]


def serve(app: Celery, open_worker: OpenWorker, queues: Sequence[str], processes: int) -> int:
    """Run steps of these queues until SIGTERM or SIGINT; then they are given back. The exit code.

    Only in the main thread of a process that has no other: its children are forks.

    Args:
        open_worker: makes what runs the steps; called in every child.
    """
    closing = multiprocessing.get_context("fork").Event()
    child = _Child(open_worker, closing)
    serve_steps(app, child)
    worker_process_init.connect(child.open, weak=False)
    worker_process_shutdown.connect(child.close, weak=False)
    worker_shutting_down.connect(lambda **_: closing.set(), weak=False)
    worker_ready.connect(_tick, weak=False)
    # Whoever listens to this keeps Celery from setting up logging of its own.
    setup_logging.connect(_leave_logging_as_it_is, weak=False)
    # Whoever started this process watches it; nobody would stop it without him.
    set_pdeathsig("SIGKILL")
    app.conf.update(
        worker_send_task_events=True,
        worker_proc_alive_timeout=_CHILD_STARTS_SECONDS,
        worker_redirect_stdouts=False,
    )
    worker = app.Worker(
        hostname=f"{'-'.join(queues)}-{os.getpid()}@{socket.gethostname()}",
        pool="prefork", concurrency=processes, queues=list(queues), quiet=True,
        without_mingle=True, without_gossip=True, task_events=True,
    )  # fmt: skip
    # Whoever never gets as far as its loop must be seen too.
    LOOP.set(time.time())
    worker.start()
    return int(worker.exitcode or 0)


class _Child:
    """What a child process holds from its start to its end."""

    def __init__(self, open_worker: OpenWorker, closing: Closing) -> None:
        self._open_worker, self._closing = open_worker, closing
        self._held = ExitStack()
        self._worker: StepWorker | None = None

    def open(self, **_: Any) -> None:
        self._worker = self._held.enter_context(self._open_worker(self._closing))

    def close(self, **_: Any) -> None:
        self._held.close()

    def run(self, ref: StepRef, message: Message) -> bool:
        """See `StepWorker.run`."""
        if self._worker is None:
            raise RuntimeError("a step came before its process was ready")
        return self._worker.run(ref, message)


def _leave_logging_as_it_is(**_: Any) -> None:
    """The process has set it up."""


def _tick(sender: Any, **_: Any) -> None:
    LOOP.set(time.time())
    sender.timer.call_repeatedly(_TICK_SECONDS, lambda: LOOP.set(time.time()))
