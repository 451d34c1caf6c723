"""Dataclasses to JSON files and back, checked on the way in."""

from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import TypeAdapter

from shared.storage.files import write_bytes

T = TypeVar("T")


def to_json(value: Any) -> bytes:
    """Readable JSON with a stable order and a final newline: equal values, equal bytes."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write_document(path: Path, value: Any) -> None:
    """Publish a dataclass or a dict as JSON."""
    write_bytes(path, to_json(value))


def read_document(path: Path, kind: type[T]) -> T:
    """Read a JSON file into a dataclass.

    Raises:
        pydantic.ValidationError: the file does not fit `kind`.
    """
    hashable: Any = kind
    read: T = _reader(hashable).validate_json(path.read_bytes())
    return read


@cache
def _reader(kind: Any) -> TypeAdapter[Any]:
    """Built once: it takes long, and turns an interrupt meanwhile into an error of its own."""
    return TypeAdapter(kind)
