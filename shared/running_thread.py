"""A part of a process that runs for as long as a block."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def running_thread(name: str, body: Callable[[], None]) -> Iterator[threading.Thread]:
    """Run `body` beside the block, and wait for it at its end: it must hear by then that it is to
    stop.
    """
    thread = threading.Thread(target=body, name=name, daemon=True)
    thread.start()
    try:
        yield thread
    finally:
        thread.join()
