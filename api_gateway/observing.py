"""Every request is counted and logged, and carries an id that its task keeps."""

import logging
import re
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.events.envelope import new_id
from shared.logging import about
from shared.metrics import REQUESTS

log = logging.getLogger(__name__)

_HEADER = "x-correlation-id"
_USABLE = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_UNKNOWN = "none"


class Observed:
    """Outermost, so that what other layers refuse is counted as well."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and take note of how."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_HEADER, "")
        correlation_id = given if _USABLE.fullmatch(given) else new_id()
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[_HEADER] = correlation_id
            await send(message)

        with about(correlation_id=correlation_id):
            try:
                await self._app(scope, receive, noting)
            finally:
                _note(scope, status, time.perf_counter() - started)


def _note(scope: Scope, status: int, seconds: float) -> None:
    """By the route's pattern: paths hold ids, and anybody may invent more of them."""
    route = getattr(scope.get("route"), "path", _UNKNOWN)
    REQUESTS.labels(scope["method"], route, status).observe(seconds)
    level = logging.DEBUG if route.endswith("/health") else logging.INFO
    log.log(level, "%s %s %d in %.0f ms", scope["method"], route, status, 1000 * seconds)
