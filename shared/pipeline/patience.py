"""A database that restarts costs a wait, not the work that was about to be committed."""

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError

from shared.db.away import is_away

log = logging.getLogger(__name__)

T = TypeVar("T")

_PAUSE_SECONDS = 0.5


def patiently(transaction: Callable[[], T], seconds: float) -> T:
    """Run a whole transaction, again while the connection to the database is lost.

    It may have been committed although the connection broke: it must find that out by itself, as
    claims and commits do by the fence.

    Args:
        seconds: how long; past the lease nothing of it would count.

    Raises:
        sqlalchemy.exc.DBAPIError: the database stayed away, or refused what was asked.
    """
    end = time.monotonic() + seconds
    while True:
        try:
            return transaction()
        except DBAPIError as error:
            if not is_away(error) or time.monotonic() >= end:
                raise
            log.warning("the database does not answer; again: %s", error.orig)
            time.sleep(_PAUSE_SECONDS)
