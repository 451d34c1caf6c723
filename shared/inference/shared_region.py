"""A piece of memory that a server on the same host reads and writes as well."""

import mmap
import os
import uuid
from pathlib import Path

_PLACE = Path("/dev/shm")  # noqa: S108  (where POSIX shared memory lies on Linux)


class SharedRegion:
    """POSIX shared memory, zeroed.

    Once the other side has mapped it, `forget_name` takes the name away: a process that is
    killed then leaves nothing behind.

    Attributes:
        name: as it is registered; `key` as it is opened.
    """

    def __init__(self, size: int) -> None:
        """Take `size` bytes.

        Raises:
            OSError: there is no shared memory here, or not enough.
        """
        self.name = f"trackloop-{uuid.uuid4().hex}"
        self.size = size
        file = os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        try:
            # Taken now: a write to memory that turns out not to be there ends the process.
            os.posix_fallocate(file, 0, size)
            self.memory = mmap.mmap(file, size)
        except OSError:
            self.forget_name()
            raise
        finally:
            os.close(file)

    @property
    def key(self) -> str:
        """By which another process opens it."""
        return f"/{self.name}"

    @property
    def _path(self) -> Path:
        return _PLACE / self.name

    def forget_name(self) -> None:
        """Nobody can open it any more; who has it keeps it."""
        self._path.unlink(missing_ok=True)
