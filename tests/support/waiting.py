"""Wait for something that other threads or processes bring about."""

import time
from collections.abc import Callable


def eventually(true: Callable[[], object], *, seconds: float = 60) -> None:
    """Return once it is true."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
