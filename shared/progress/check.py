"""Whether progress can be kept where the settings say."""

from contextlib import closing
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from shared.errors import InvalidInputError, TransientError
from shared.progress.adapters import open_board

_WAIT_SECONDS = 5.0


def check_progress(url: str) -> None:
    """Ask the server once.

    Raises:
        InvalidInputError: `unknown_progress`, `bad_progress_url`, `redis_refused`.
        TransientError: `redis_unreachable`.
    """
    open_board(url).close()
    if urlsplit(url).scheme == "memory":
        return
    client = Redis.from_url(
        url, socket_connect_timeout=_WAIT_SECONDS, socket_timeout=_WAIT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )  # fmt: skip
    with closing(client):
        try:
            client.ping()
        except RedisError as error:
            raise _refusal(error) from error


def _refusal(error: RedisError) -> InvalidInputError | TransientError:
    if isinstance(error, AuthenticationError) or str(error).startswith("NOAUTH"):
        return InvalidInputError(
            "redis_refused",
            "TRACKLOOP_REDIS_URL: Redis refuses this user or password; correct the URL.",
        )
    return TransientError(
        "redis_unreachable",
        f"TRACKLOOP_REDIS_URL: Redis cannot be used ({error}); start it or correct the URL.",
    )
