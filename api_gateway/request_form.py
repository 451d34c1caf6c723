"""What is settled about a request before any route sees it."""

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MAX_BODY = 1 << 20
_STREAMED = ("/tasks/upload", "/api/v1/tasks/upload")


class OnePath:
    """A path with a slash at its end is the one without, for every method."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        path = scope.get("path", "")
        if len(path) > 1 and path.endswith("/"):
            scope["path"] = path.rstrip("/") or "/"
        await self._app(scope, receive, send)


class BoundedBody:
    """No body but an upload is larger than a request about one task can be."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; reading beyond the limit raises a 413 where it is read."""
        if scope["type"] != "http" or scope["path"] in _STREAMED:
            await self._app(scope, receive, send)
            return
        seen = 0

        async def bounded() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > _MAX_BODY:
                raise HTTPException(413, f"The body is larger than {_MAX_BODY} bytes")
            return message

        await self._app(scope, bounded, send)
