"""A worker says that it is there, and which queues it serves."""

import logging
import os
import secrets
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from shared.db.database import Database
from shared.pipeline.times import Times
from shared.running_thread import running_thread

log = logging.getLogger(__name__)


@contextmanager
def present(
    database: Database, queues: Sequence[str], processes: int, times: Times
) -> Iterator[str]:
    """Keep this worker's row fresh while the block lasts; gives its id."""
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"[-200:]
    stop = threading.Event()

    def say() -> None:
        with database.begin() as unit:
            unit.workers.seen(worker_id, queues, processes, datetime.now(UTC))

    def go_on_saying() -> None:
        while not stop.wait(times.heartbeat):
            try:
                say()
            except SQLAlchemyError as error:
                log.warning("nobody hears that this worker is there: %s", error)

    say()
    try:
        with running_thread("presence", go_on_saying):
            try:
                yield worker_id
            finally:
                stop.set()
    finally:
        _leave(database, worker_id)


def _leave(database: Database, worker_id: str) -> None:
    try:
        with database.begin() as unit:
            unit.workers.gone(worker_id)
    except SQLAlchemyError as error:
        log.warning("this worker is believed to be there for a moment longer: %s", error)
