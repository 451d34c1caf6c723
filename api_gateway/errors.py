"""Every error as a problem document (RFC 9457)."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from api_gateway.schemas.problem import FieldFault, Problem
from shared.db.away import is_away
from shared.errors import (
    ConflictError,
    InvalidInputError,
    MediaError,
    ModelError,
    NotAuthenticatedError,
    NotFoundError,
    NotPermittedError,
    TooLargeError,
    TrackloopError,
    TransientError,
)

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

_BY_CLASS: Mapping[type[TrackloopError], int] = {
    InvalidInputError: 400,
    NotAuthenticatedError: 401,
    NotPermittedError: 403,
    NotFoundError: 404,
    ConflictError: 409,
    TooLargeError: 413,
    MediaError: 422,
    ModelError: 422,
    TransientError: 503,
}
_BY_CODE: Mapping[str, int] = {
    "bad_folder": 400,
    "bad_path": 400,
    "bad_url": 400,
    "cancelled": 409,
    "no_such_file": 404,
    "no_such_folder": 404,
    "source_not_found": 404,
    "too_many_bytes": 413,
    "invalid_option": 422,
    "unknown_class": 422,
    "unknown_model": 422,
}
_RETRY_SECONDS = 2
_BAD_DATA = {"json_invalid", "missing", "model_attributes_type", "dict_type", "extra_forbidden"}
"""Faults of the body as such, beside those of paths; all others are wrong values."""
_OPTIONS = {"options", "model_train_info", "mode_train_info"}
"""Fields whose contents are wrong values, whatever is wrong with them."""


class TaskProblemError(TrackloopError):
    """The error with which a task ended, told to whoever waited for it."""


def status_of(error: TrackloopError) -> int:
    """The HTTP status: by the code where it says more than the class."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((_BY_CLASS[kind] for kind in type(error).__mro__ if kind in _BY_CLASS), 422)


def problem(
    status: int, code: str, detail: str, instance: str, faults: Sequence[FieldFault] = ()
) -> Problem:
    """The document."""
    title = HTTPStatus(status).phrase
    return Problem(
        title=title, status=status, code=code, detail=detail, instance=instance, errors=list(faults)
    )


def handle_errors(app: FastAPI) -> None:
    """Answer every error of this app with a problem document."""
    app.add_exception_handler(TrackloopError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(DBAPIError, _database)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, TrackloopError)  # noqa: S101  (registered for this class)
    status = status_of(error)
    headers = {"WWW-Authenticate": 'ApiKey realm="trackloop"'} if status == 401 else {}
    return _answer(request, status, error.code, error.message, headers=headers)


def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)  # noqa: S101  (registered for this class)
    faults = [_fault(each) for each in error.errors()]
    bad = any(_is_bad_data(each) for each in error.errors())
    first = faults[0]
    detail = f"{first.field}: {first.fault}; correct it and send the request again."
    code = "invalid_request" if bad else "invalid_option"
    return _answer(request, 400 if bad else 422, code, detail, faults)


def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)  # noqa: S101  (registered for this class)
    status = error.status_code
    code, detail = _HTTP.get(status, (f"http_{status}", f"{error.detail}."))
    return _answer(request, status, code, detail, headers=error.headers or {})


_HTTP = {
    400: ("invalid_request", "The body cannot be read; send the JSON that /docs describes."),
    404: ("no_such_path", "There is nothing at this path; /docs lists the paths."),
    405: (
        "method_not_allowed",
        "This path does not take this method; the Allow header lists those it takes.",
    ),
    413: ("too_many_bytes", "The body is too large; only uploads may be this long."),
    416: (
        "range_outside_file",
        "The range lies outside the file; Content-Range says how long the file is.",
    ),
}


def _database(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DBAPIError)  # noqa: S101  (registered for this class)
    if not is_away(error):
        return _broken(request, error)
    log.warning("the database does not answer: %s", error.orig)
    return _answer(
        request, 503, "database_unreachable",
        "The database does not answer; the request changed nothing, or all of it: ask again.",
        headers={"Retry-After": str(_RETRY_SECONDS)},
    )  # fmt: skip


def _broken(request: Request, error: Exception) -> JSONResponse:
    log.error("%s %s broke", request.method, request.url.path, exc_info=error)
    return _answer(
        request, 500, "internal_error", "The request broke the service; its log has the details."
    )


def _answer(
    request: Request, status: int, code: str, detail: str,
    faults: Sequence[FieldFault] = (), headers: Mapping[str, str] | None = None,
) -> JSONResponse:  # fmt: skip
    body = problem(status, code, detail, request.url.path, faults)
    return JSONResponse(
        body.model_dump(), status, headers=dict(headers or {}), media_type=MEDIA_TYPE
    )


def _fault(error: Mapping[str, Any]) -> FieldFault:
    """Only the place and the rule: the value may be a secret."""
    names = [str(part) for part in error["loc"][1:] if error["type"] != "json_invalid"]
    return FieldFault(field=".".join(names) or str(error["loc"][0]), fault=str(error["msg"]))


def _is_bad_data(error: Mapping[str, Any]) -> bool:
    name = str(error["loc"][-1])
    in_options = not _OPTIONS.isdisjoint(error["loc"])
    return not in_options and (
        error["type"] in _BAD_DATA or name.endswith("_path") or name == "user_id"
    )
