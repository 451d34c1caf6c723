"""How a process logs: for people on a terminal, or one JSON object a line for machines."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

from pythonjsonlogger.orjson import OrjsonFormatter

LogFormat = Literal["text", "json"]

_IDS: ContextVar[dict[str, str] | None] = ContextVar("ids", default=None)
_TEXT = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_JSON = "%(levelname)s %(name)s %(message)s"
_CHATTY = ("celery.app.trace", "celery.worker.strategy", "httpx", "alembic")


@contextmanager
def about(**ids: str) -> Iterator[None]:
    """Everything that this thread (or asyncio task) logs in the block carries these ids."""
    token = _IDS.set({**(_IDS.get() or {}), **ids})
    try:
        yield
    finally:
        _IDS.reset(token)


def current_id(name: str) -> str | None:
    """The id of this name that a surrounding `about` gave."""
    return (_IDS.get() or {}).get(name)


def log_to_stderr(form: LogFormat, level: str, role: str) -> None:
    """Replace whatever was set up before.

    Args:
        level: name of the lowest level that is shown, in any case.
        role: what this process is, in every line of JSON.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(
        OrjsonFormatter(
            _JSON, timestamp="time", static_fields={"role": role},
            rename_fields={"levelname": "level", "name": "logger"},
        )
        if form == "json"
        else logging.Formatter(_TEXT)
    )  # fmt: skip
    handler.addFilter(_add_ids)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


def _add_ids(record: logging.LogRecord) -> bool:
    for name, value in (_IDS.get() or {}).items():
        setattr(record, name, value)
    return True
