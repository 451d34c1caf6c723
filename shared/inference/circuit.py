"""Patience with a server that is away, and an end of it: retry, and a circuit that opens."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from shared.errors import TransientError

T = TypeVar("T")
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0


class Circuit:
    """Calls of several threads to one server.

    A call that fails for the moment is made again until it has failed for `patience`. Then the
    circuit is open: for `cooldown` every call fails at once, so that nobody queues up behind a
    server that does not answer. After that one call goes through, and its outcome decides for all.

    Args:
        patience, cooldown: seconds.
    """

    def __init__(
        self, patience: float, cooldown: float, *,
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self._patience, self._cooldown = patience, cooldown
        self._clock, self._sleep = clock, sleep
        self._lock = threading.Lock()
        self._open_until: float | None = None
        self._fault: TransientError | None = None

    def call(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives.

        Raises:
            TransientError: it failed for as long as is waited, or the circuit is open.
            Whatever else it raises, at once.
        """
        patience = self._patience if self._admit() else 0.0
        give_up = self._clock() + patience
        for pause in _pauses():
            try:
                result = attempt()
            except TransientError as fault:
                if self._clock() + pause > give_up:
                    self._open(fault)
                    raise
                self._sleep(pause)
            else:
                self._close()
                return result
        raise AssertionError("pauses never end")

    def _admit(self) -> bool:
        """Whether the circuit is closed; False for the one call that tries an open one."""
        with self._lock:
            if self._open_until is None or self._fault is None:
                return True
            if self._clock() < self._open_until:
                raise TransientError(self._fault.code, self._fault.message) from self._fault
            self._open_until = self._clock() + self._cooldown
            return False

    def _open(self, fault: TransientError) -> None:
        with self._lock:
            self._open_until, self._fault = self._clock() + self._cooldown, fault

    def _close(self) -> None:
        with self._lock:
            self._open_until = self._fault = None


def _pauses() -> Iterator[float]:
    pause = _FIRST_PAUSE
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)
