"""One training a folder: a process that was given up may still be in it for a moment."""

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared.errors import TransientError

_LOCK = ".lock"
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1


@contextmanager
def held(folder: Path, patience: float = _PATIENCE_SECONDS) -> Iterator[None]:
    """Hold a lock on the folder; the kernel lets go of it with the process.

    Args:
        patience: seconds to wait for who else holds it.

    Raises:
        TransientError: `work_folder_busy`.
    """
    end = time.monotonic() + patience
    with (folder / _LOCK).open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise TransientError(
                        "work_folder_busy",
                        f"{folder}: another process still trains there; it ends with its parent, "
                        "so run this again later.",
                    ) from error
            time.sleep(_LOOK_SECONDS)
        yield
