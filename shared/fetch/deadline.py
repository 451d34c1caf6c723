"""The time a whole download may take."""

import time


class DeadlinePassedError(Exception):
    """The download's time is up."""


class Deadline:
    """A point in time that every wait of one download ends at."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self._at

    def shorten(self, timeout: float | None) -> float:
        """`timeout` in seconds (None: without end), cut where the deadline comes first.

        Raises:
            DeadlinePassedError: nothing is left.
        """
        left = self._at - time.monotonic()
        if left <= 0:
            raise DeadlinePassedError
        return left if timeout is None else min(timeout, left)
