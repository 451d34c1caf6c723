"""What goes wrong between a client and the service."""

from typing import Any

from shared.errors import InvalidInputError, TrackloopError

_WRONG_INPUT = {400, 413, 415, 422}
_LATER = {502, 503, 504}


class ServiceError(TrackloopError):
    """The service said no, or nothing. `status` is HTTP's; None where there was no answer."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(code, message)
        self.status = status


class RefusedInputError(ServiceError, InvalidInputError):
    """The request holds something that the service does not take; the message names it."""


class NoAnswerError(ServiceError):
    """The service could not be reached, the connection broke, or what it needs is away for now;
    it may answer later.
    """


def refusal(url: str, status: int, body: Any) -> ServiceError:
    """The error that a problem document tells, or that something else answered in its place."""
    kind = _kind(status)
    if isinstance(body, dict) and isinstance(body.get("code"), str):
        said = body.get("detail") or body.get("title") or body["code"]
        return kind(body["code"], str(said), status)
    return kind(
        f"http_{status}",
        f"{url} answered {status} and not as Trackloop does; check TRACKLOOP_URL.",
        status,
    )


def _kind(status: int) -> type[ServiceError]:
    if status in _WRONG_INPUT:
        return RefusedInputError
    return NoAnswerError if status in _LATER else ServiceError
