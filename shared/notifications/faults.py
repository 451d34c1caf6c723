"""What can go wrong with a channel, in words that name it and nothing secret."""

from http import HTTPStatus

from shared.errors import InvalidInputError, PermanentError, TrackloopError, TransientError
from shared.notifications.port import ReceiverGoneError

_LATER = {408, 425, 429}


def bad_channel(name: str, fault: str, remedy: str) -> InvalidInputError:
    """The refusal of a channel's URL."""
    return InvalidInputError(
        "bad_channel", f"TRACKLOOP_NOTIFY_URLS: the channel {name!r}: {fault}; {remedy}."
    )


def unreachable(name: str) -> TransientError:
    """Nobody took the connection, or it broke."""
    return TransientError(
        "receiver_unreachable",
        f"{name} cannot be reached; check its address and that it runs.",
    )


def refused_with(name: str, status: int) -> TrackloopError | None:
    """What an HTTP status means; None where the message was taken."""
    if 200 <= status < 300:
        return None
    said = f"HTTP {status}" + (f" {HTTPStatus(status).phrase}" if status in _KNOWN else "")
    if status == HTTPStatus.GONE:
        return ReceiverGoneError(
            "receiver_gone", f"{name} answers {said}: it is gone for good; make another rule."
        )
    if status in _LATER or status >= 500:
        return TransientError("receiver_busy", f"{name} answers {said}; it has to recover.")
    if 300 <= status < 400:
        return PermanentError(
            "redirect_refused",
            f"{name} answers {said}, and redirects are not followed; use the address it leads to.",
        )
    return PermanentError("receiver_refused", f"{name} answers {said}; correct the receiver.")


_KNOWN = {status.value for status in HTTPStatus}
