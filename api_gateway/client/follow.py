"""A task's statuses as they come, over connections that may break."""

import time
from collections.abc import Callable, Iterator
from urllib.parse import quote, urlencode

import orjson
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from api_gateway.client.answers import ENDED, Status
from api_gateway.client.failures import NoAnswerError, ServiceError, refusal
from api_gateway.client.session import Session

_OPEN_SECONDS = 10.0
_LONGEST_MESSAGE = 2**24
_PAUSES = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between two attempts, longer while they fail."""
_PATIENCE_SECONDS = 600.0
"""For so long the service may not answer at all, once it has: it may be started anew."""


def follow(
    session: Session, task_id: str, timeout: float | None, on_progress: Callable[[Status], None]
) -> Status:
    """Hear every status until the task has ended; that last one.

    By WebSocket, which says it at once; whenever that breaks or cannot be opened, the status is
    asked for and the WebSocket tried again.

    Raises:
        ServiceError: `wait_timeout`, and what the service refuses.
        NoAnswerError: the service does not answer at first, or not for ten minutes.
    """
    answered = time.monotonic()
    until = answered + timeout if timeout is not None else float("inf")
    first, failures = True, 0
    while True:
        try:
            for status in _statuses(session, task_id, until):
                on_progress(status)
                answered, first, failures = time.monotonic(), False, 0
                if status["state"] in ENDED:
                    return status
        except NoAnswerError:
            if first or time.monotonic() - answered > _PATIENCE_SECONDS:
                raise
        left = until - time.monotonic()
        if left <= 0:
            raise _too_long(task_id, timeout)
        time.sleep(min(left, _PAUSES[min(failures, len(_PAUSES) - 1)]))
        failures += 1


def _statuses(session: Session, task_id: str, until: float) -> Iterator[Status]:
    """One that is asked for, then what one WebSocket brings; ends early where that breaks."""
    path = f"/tasks/{quote(task_id, safe='')}"
    yield session.json("GET", path, params=session.user)
    try:
        yield from _pushed(session, path, until)
    except (OSError, EOFError, WebSocketException, orjson.JSONDecodeError):
        return


def _pushed(session: Session, path: str, until: float) -> Iterator[Status]:
    query = f"?{urlencode(session.user)}" if session.user else ""
    url = f"ws{session.url.removeprefix('http')}/ws{path}{query}"
    with connect(
        url, additional_headers=session.headers, open_timeout=_OPEN_SECONDS,
        max_size=_LONGEST_MESSAGE, proxy=None if session.own_machine else True,
    ) as socket:  # fmt: skip
        while (left := until - time.monotonic()) > 0:
            message = orjson.loads(socket.recv(timeout=None if left == float("inf") else left))
            if "task_id" not in message:
                raise refusal(session.url, int(message.get("status", 500)), message)
            yield message


def _too_long(task_id: str, timeout: float | None) -> ServiceError:
    return ServiceError(
        "wait_timeout", f"Task {task_id} has not ended within {timeout:g} s; it goes on."
    )
