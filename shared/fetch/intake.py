"""Where the bytes of a download arrive, counted against every limit."""

from collections.abc import Callable
from typing import BinaryIO

from shared.errors import InvalidInputError, MediaError, TransientError
from shared.fetch.deadline import Deadline

Report = Callable[[float, float | None], None]
"""Bytes so far, bytes in all where known."""


class Intake:
    """One download on its way into `file`.

    Attributes:
        name: the source, as messages may show it.
        deadline: when it must be over.
    """

    def __init__(
        self, file: BinaryIO, name: str, limit: int, deadline: Deadline, report: Report
    ) -> None:
        self.name, self.deadline = name, deadline
        self._file, self._limit, self._report = file, limit, report
        self._taken = 0
        self._total: int | None = None

    def expect(self, total: int | None) -> None:
        """Note how many bytes the sender announces; None: it does not say.

        Raises:
            MediaError: `too_many_bytes`.
        """
        self._total = total
        self._check_limit(total or 0)

    def take(self, piece: bytes) -> None:
        """Write the next bytes.

        Raises:
            MediaError: `too_many_bytes`.
            InvalidInputError: `download_too_slow`.
        """
        self._check_limit(self._taken + len(piece))
        if self.deadline.passed:
            raise too_slow(self.name, self.deadline.seconds)
        self._file.write(piece)
        self._taken += len(piece)
        self._report(self._taken, self._total)

    def finish(self) -> None:
        """Check that everything came, and that it is something.

        Raises:
            TransientError: `download_interrupted`.
            MediaError: `empty_file`.
        """
        if self._total is not None and self._taken != self._total:
            raise TransientError(
                "download_interrupted",
                f"{self.name}: {self._taken} of {self._total} bytes came; run the task again.",
            )
        if self._taken == 0:
            raise empty_file(self.name)
        self._report(self._taken, self._taken)

    def _check_limit(self, size: int) -> None:
        if size > self._limit:
            raise too_many_bytes(self.name, self._limit)


def empty_file(name: str) -> MediaError:
    """The refusal of a file without content."""
    return MediaError("empty_file", f"{name} is empty; upload the video again.")


def too_many_bytes(name: str, limit: int) -> MediaError:
    """The refusal of a file of more than `limit` bytes."""
    return MediaError(
        "too_many_bytes",
        f"{name}: the file exceeds the limit of {limit} bytes; "
        "cut the video or raise TRACKLOOP_MAX_VIDEO_BYTES.",
    )


def too_slow(name: str, seconds: float) -> InvalidInputError:
    """The refusal of a download that takes longer than `seconds`; again would be no faster."""
    return InvalidInputError(
        "download_too_slow",
        f"{name}: the download took longer than {seconds:.0f} s; "
        "cut the video or raise TRACKLOOP_DOWNLOAD_TIMEOUT_SECONDS.",
    )
