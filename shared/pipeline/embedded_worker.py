"""A Celery worker in a thread of this process, for deployments without a broker."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import Celery
from celery.worker import WorkController, state

from shared.errors import TransientError

_START_SECONDS = 30.0
_LOOK_SECONDS = 0.5


@contextmanager
def embedded_worker(app: Celery, threads: int) -> Iterator[threading.Thread]:
    """Serve every queue of the app with so many threads; at the end running steps are waited for.

    One at a time in a process: Celery's default app and its wish to stop are the process's.

    Raises:
        TransientError: `worker_not_started`.
    """
    # Without it, chains in the worker's threads would go to the default broker, amqp://.
    app.set_default()
    ready = threading.Event()

    def on_ready(consumer: Any) -> None:
        # An idle worker sleeps until its next timer, and hears only then that it must stop.
        consumer.timer.call_repeatedly(_LOOK_SECONDS, bool)
        ready.set()

    worker = WorkController(
        app=app, pool="threads", concurrency=threads, loglevel="WARNING",
        ready_callback=on_ready,
        without_heartbeat=True, without_mingle=True, without_gossip=True,
    )  # fmt: skip
    thread = threading.Thread(target=worker.start, name="celery", daemon=True)
    thread.start()
    if not ready.wait(_START_SECONDS):
        raise TransientError("worker_not_started", "The worker did not start; see the log.")
    try:
        yield thread
    finally:
        if worker.use_eventloop:
            # As a signal would: a broker's connection belongs to the worker's own thread. Stopped
            # from here, the worker would wait for answers that its thread has read.
            state.should_stop = 0
        else:
            worker.stop()
        thread.join()
        state.should_stop = None
