"""What each fault of a web server means: whose it is, and whether to try again."""

import ssl

import httpcore2

from shared.errors import InvalidInputError, TrackloopError, TransientError
from shared.fetch.connection import ForbiddenHostError, HostNotFoundError, LookupFailedError

FAULTS = (
    ForbiddenHostError,
    HostNotFoundError,
    LookupFailedError,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.TimeoutException,
)

_BUSY = {408, 425, 429}
_GONE = {404, 410}
_CLOSED = {401, 402, 403, 407, 451}


def error_of(fault: Exception, name: str, stall_seconds: float) -> TrackloopError:
    """The error to raise where `fault`, one of FAULTS, ended the download of `name`."""
    match fault:
        case ForbiddenHostError():
            return InvalidInputError(
                "address_forbidden",
                f"{name}: {fault.host} lies in a network that downloads may not reach; "
                "use a public address or extend TRACKLOOP_ALLOWED_NETWORKS.",
            )
        case HostNotFoundError():
            return InvalidInputError(
                "no_such_host", f"{name}: there is no host {fault}; correct the URL."
            )
        case LookupFailedError():
            return TransientError(
                "source_unavailable",
                f"{name}: the name service does not answer for {fault}; run the task again later.",
            )
        case httpcore2.TimeoutException():
            return TransientError(
                "download_stalled",
                f"{name}: the server was silent for {stall_seconds:g} s; run the task again later.",
            )
    return _error_of_connection(fault, name)


def _error_of_connection(fault: Exception, name: str) -> TrackloopError:
    origin = fault.args[0] if fault.args else None  # the pool drops the cause, not the argument
    if isinstance(origin, ssl.SSLCertVerificationError):
        reason = origin.verify_message.rstrip(".")
        return InvalidInputError(
            "bad_certificate",
            f"{name}: the server's certificate is not valid ({reason}); "
            "correct the URL or the server.",
        )
    if isinstance(fault, httpcore2.ConnectError):
        return TransientError(
            "source_unavailable",
            f"{name}: the server cannot be reached; check the URL or run the task again later.",
        )
    return TransientError(
        "download_interrupted",
        f"{name}: the server broke off or does not speak HTTP; "
        "check the URL or run the task again.",
    )


def error_of_status(status: int, name: str) -> TrackloopError:
    """The error to raise for an answer that is neither 200 nor a redirect."""
    if status in _BUSY or status >= 500:
        return TransientError(
            "source_unavailable",
            f"{name}: the server is busy or broken (HTTP {status}); run the task again later.",
        )
    if status in _GONE:
        return InvalidInputError(
            "source_not_found", f"{name}: there is nothing there (HTTP {status}); correct the URL."
        )
    if status in _CLOSED:
        return InvalidInputError(
            "source_forbidden",
            f"{name}: the server gives it to nobody or to others (HTTP {status}); "
            "use a signed URL or upload the video.",
        )
    return InvalidInputError(
        "source_refused",
        f"{name}: the server answers with HTTP {status} instead of a file; correct the URL.",
    )
