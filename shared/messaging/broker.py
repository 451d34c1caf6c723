"""Whether the broker lets this deployment in."""

from contextlib import closing
from urllib.parse import urlsplit

from shared.errors import InvalidInputError, TransientError
from shared.pipeline.celery_app import celery_app

_CONNECT_SECONDS = 5.0
_REFUSED = (403, 530)
"""Access refused, not allowed (AMQP 0-9-1, reply codes)."""


def check_broker(url: str) -> None:
    """Connect once.

    Raises:
        InvalidInputError: `unknown_broker`, `broker_refused`.
        TransientError: `broker_unreachable`.
    """
    app = celery_app(url, ())
    if urlsplit(url).scheme == "memory":
        return
    with closing(app.connection_for_write()) as connection:
        connection.connect_timeout = _CONNECT_SECONDS
        try:
            connection.connect()
        except (OSError, *connection.connection_errors, *connection.channel_errors) as error:
            raise _refusal(error) from error


def _refusal(error: Exception) -> InvalidInputError | TransientError:
    if getattr(error, "reply_code", None) in _REFUSED:
        return InvalidInputError(
            "broker_refused",
            "TRACKLOOP_BROKER_URL: the broker refuses this user, password or virtual host; "
            "correct the URL, or create them.",
        )
    return broker_unreachable(error)


def broker_unreachable(error: Exception) -> TransientError:
    """It does not answer."""
    return TransientError(
        "broker_unreachable",
        f"TRACKLOOP_BROKER_URL: the broker cannot be used ({error}); start it or correct the URL.",
    )
