"""A transfer that can be given up, however silent the other side is."""

import logging
import threading
from collections.abc import Callable

from shared.fetch.intake import Report

log = logging.getLogger(__name__)

_ATTEND_SECONDS = 0.25


class GivenUpError(Exception):
    """Nobody waits for this transfer any more."""


class Attended:
    """Runs one transfer in a thread of its own and passes on what it reports.

    Name services, sockets and foreign clients wait for as long as their limits say, and cannot be
    interrupted from outside; whoever waits here can.
    """

    def __init__(self, report: Report) -> None:
        """`report`: called at each arrival and a few times a second; what it raises ends it all."""
        self._report = report
        self._so_far: tuple[float, float | None] = (0, None)
        self._given_up, self._ended = threading.Event(), threading.Event()
        self._fault: BaseException | None = None

    def arrived(self, done: float, total: float | None) -> None:
        """The transfer's own report.

        Raises:
            GivenUpError: it is to end.
        """
        if self._given_up.is_set():
            raise GivenUpError
        self._so_far = done, total
        self._report(done, total)

    def run(self, transfer: Callable[[], None]) -> None:
        """Run `transfer` to its end.

        Where `report` raises, the thread is left behind: it ends at its next piece or limit, with
        nothing to write to any more.

        Raises:
            Whatever `transfer` or `report` raises, as it is.
        """
        threading.Thread(
            target=self._transfer, args=(transfer,), name="transfer", daemon=True
        ).start()
        try:
            while not self._ended.wait(_ATTEND_SECONDS):
                self._report(*self._so_far)
        except BaseException:
            self._given_up.set()
            raise
        if self._fault is not None:
            raise self._fault

    def _transfer(self, transfer: Callable[[], None]) -> None:
        try:
            transfer()
        except BaseException as error:  # noqa: BLE001  (raised again in the thread that waits)
            self._fault = error
            if self._given_up.is_set():
                log.debug("a transfer that was given up has ended: %r", error)
        finally:
            self._ended.set()
