"""The gateway as an ASGI app."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline
from starlette.middleware.cors import CORSMiddleware

from api_gateway.errors import MEDIA_TYPE, handle_errors
from api_gateway.gateway import Gateway
from api_gateway.observing import Observed
from api_gateway.request_form import BoundedBody, OnePath
from api_gateway.routes import ROUTERS
from api_gateway.schemas.problem import Problem
from shared.version import trackloop_version

_PREFIXES = ("", "/api/v1")
_REFUSALS = {
    400: "The body, a path or a URL cannot be used",
    401: "No key, or an unknown one",
    403: "The key lacks a scope",
    404: "No such thing, or somebody else's",
    409: "The state does not allow it",
    413: "Too large",
    416: "The range lies outside the file",
    422: "A wrong value of an option",
    503: "Not now; try again",
}


def create_app(gateway: Gateway, dead_parts: Callable[[], Sequence[str]] | None = None) -> FastAPI:
    """The whole HTTP interface.

    Args:
        dead_parts: names of parts of the workers that ended; None where none live in this process.
    """
    app = FastAPIOffline(
        title="Trackloop", version=trackloop_version(), redirect_slashes=False,
        summary="Who was where: video in, tracked results out.",
        license_info={"name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later"},
        responses={status: _refusal(text) for status, text in _REFUSALS.items()},
    )  # fmt: skip
    app.state.gateway = gateway
    app.state.dead_parts = dead_parts or (lambda: ())
    handle_errors(app)
    for prefix in _PREFIXES:
        for router in ROUTERS:
            app.include_router(router, prefix=prefix, include_in_schema=not prefix)
    app.add_middleware(BoundedBody)
    app.add_middleware(OnePath)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=gateway.settings.cors_origins,
        allow_methods=["GET", "POST", "PUT", "DELETE"],
        allow_headers=[
            "x-api-key",
            "content-type",
            "idempotency-key",
            "range",
            "if-range",
            "x-correlation-id",
        ],
        expose_headers=["content-range", "etag", "accept-ranges", "x-correlation-id"],
    )
    app.add_middleware(Observed)
    return app


def _refusal(text: str) -> dict[str, Any]:
    return {"model": Problem, "content": {MEDIA_TYPE: {}}, "description": text}
