"""Progress across processes, in Redis."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Self, TypeVar, cast

import orjson
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from shared.errors import InvalidInputError
from shared.progress.port import Found, ProgressReport, checked
from shared.progress.tally import KEPT_SECONDS, Tally

log = logging.getLogger(__name__)

T = TypeVar("T")

_WAIT_SECONDS = 1.0
_REST_SECONDS = 5.0
"""A server that does not answer is left alone for so long: steps must not wait for it."""

_PREFIX = "trackloop:progress:"
_LAST = "last"
_BETWEEN = "|"


def open_redis_board(url: str) -> "RedisBoard":
    """A board on the server that `url` names; it connects when first used.

    Raises:
        InvalidInputError: `bad_progress_url`.
    """
    try:
        client = Redis.from_url(
            url,
            decode_responses=True,
            socket_connect_timeout=_WAIT_SECONDS,
            socket_timeout=_WAIT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
    except ValueError:
        # Without its cause, which may quote the password.
        raise InvalidInputError(
            "bad_progress_url",
            "TRACKLOOP_REDIS_URL: the URL cannot be read; write redis://[:password@]host:6379/0.",
        ) from None
    return RedisBoard(client)


class RedisBoard:
    """A `ProgressBoard`: a hash for each task, with fields for each step and part.

    No error of Redis reaches a step: progress is worth nothing without the step.
    """

    def __init__(self, client: "Redis") -> None:
        self._client = client
        self._away, self._rest_until = False, 0.0

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """See `Progress.report`."""
        now = time.time()
        fields: dict[Any, Any] = {
            _LAST: step,
            _field(step, "unit"): unit,
            _field(step, "total"): "" if total is None else total,
            _field(step, "at"): now,
            _field(step, "done", part): done,
        }
        if found is not None:
            fields[_field(step, "found")] = checked(found)

        def write() -> None:
            key = _PREFIX + task_id
            with self._client.pipeline(transaction=True) as batch:
                batch.hset(key, mapping=fields)
                batch.hsetnx(key, _field(step, "since"), str(now))
                batch.hsetnx(key, _field(step, "first", part), str(done))
                batch.expire(key, KEPT_SECONDS)
                batch.execute()

        self._asked(write)

    def read(self, task_id: str) -> ProgressReport | None:
        """See `ProgressBoard.read`; None also where Redis does not answer."""
        found = self._asked(lambda: self._client.hgetall(_PREFIX + task_id))
        return _tally(cast(Mapping[str, str], found)).report() if found else None

    def forget(self, task_id: str) -> None:
        """See `Progress.forget`; what Redis does not hear of expires."""
        self._asked(lambda: self._client.delete(_PREFIX + task_id))

    def close(self) -> None:
        """Give back every connection."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _asked(self, command: Callable[[], T]) -> T | None:
        """Run the command; None while Redis is away, which the log says once."""
        if time.monotonic() < self._rest_until:
            return None
        try:
            answer = command()
        except RedisError as error:
            self._rest_until = time.monotonic() + _REST_SECONDS
            if not self._away:
                log.warning("progress is not shown: Redis does not answer: %s", error)
            self._away = True
            return None
        if self._away:
            log.info("progress is shown again: Redis answers")
        self._away = False
        return answer


def _field(step: str, name: str, part: int | None = None) -> str:
    return _BETWEEN.join((step, name) if part is None else (step, name, str(part)))


def _tally(fields: Mapping[str, str]) -> Tally:
    step = fields[_LAST]
    total = fields[_field(step, "total")]
    return Tally(
        step=step,
        unit=fields[_field(step, "unit")],
        total=float(total) if total else None,
        since=float(fields[_field(step, "since")]),
        at=float(fields[_field(step, "at")]),
        done=_by_part(fields, _field(step, "done")),
        first=_by_part(fields, _field(step, "first")),
        found=orjson.loads(fields.get(_field(step, "found"), "{}")),
    )


def _by_part(fields: Mapping[str, str], name: str) -> dict[int, float]:
    start = name + _BETWEEN
    return {
        int(key.removeprefix(start)): float(value)
        for key, value in fields.items()
        if key.startswith(start)
    }
