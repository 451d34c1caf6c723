"""Kombu's transport within one process, woken by each message instead of asking for it.

Kombu's own one asks all its queues every so often. Asking often takes the interpreter's lock from
the steps that run (five milliseconds cost a detection a tenth), asking rarely makes every step of a
chain wait.
"""

import threading
import time
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, memory

_LONGEST_SECONDS = 0.5
"""Between two looks where nothing rang: other threads may change what a consumer is allowed."""


class _Bell:
    """Counts rings, so that one that comes between a look and a wait is not missed."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.rings = 0

    def ring(self) -> None:
        with self._changed:
            self.rings += 1
            self._changed.notify_all()

    def wait(self, seen: int, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self.rings != seen, seconds)


_BELL = _Bell()


class Channel(memory.Channel):  # type: ignore[misc]
    """Rings for each message, and when one was answered, which may make room for the next."""

    def _put(self, queue: str, message: Any, **options: Any) -> None:
        super()._put(queue, message, **options)
        _BELL.ring()

    def basic_ack(self, delivery_tag: Any, multiple: bool = False) -> None:
        """Acknowledge."""
        super().basic_ack(delivery_tag, multiple)
        _BELL.ring()

    def basic_reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """Refuse."""
        super().basic_reject(delivery_tag, requeue)
        _BELL.ring()


class Transport(memory.Transport):  # type: ignore[misc]
    """Waits for the bell where Kombu's would sleep."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Deliver one message.

        Raises:
            TimeoutError: there was none within `timeout` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            seen = _BELL.rings
            try:
                self.cycle.get(self._deliver, timeout=timeout)
            except Empty:
                left = _LONGEST_SECONDS if end is None else end - time.monotonic()
                if left <= 0:
                    raise TimeoutError from None
                _BELL.wait(seen, min(left, _LONGEST_SECONDS))
            else:
                return


def register() -> None:
    """From now on `memory://` is this transport."""
    TRANSPORT_ALIASES["memory"] = f"{__name__}:{Transport.__name__}"
