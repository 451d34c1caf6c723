"""Arrays over a pipe: a line of JSON that describes one, then its bytes."""

from typing import BinaryIO

import numpy as np
import orjson
from numpy.typing import NDArray

Told = dict[str, str]
_KINDS = ("uint8", "float32")


def write_frame(pipe: BinaryIO, content: "NDArray[np.uint8] | NDArray[np.float32] | Told") -> None:
    """Write an array (C-contiguous), or an error in its place."""
    if isinstance(content, dict):
        _write(pipe, orjson.dumps({"error": content}) + b"\n")
        return
    _write(pipe, orjson.dumps({"dtype": content.dtype.name, "shape": content.shape}) + b"\n")
    _write(pipe, content.data.cast("B"))


def read_frame(pipe: BinaryIO) -> "NDArray[np.uint8] | NDArray[np.float32] | Told | None":
    """Read an array, or an error in its place; None where the pipe has ended.

    Raises:
        EOFError: it ended within an array.
    """
    line = pipe.readline()
    if not line:
        return None
    head = orjson.loads(line)
    if "error" in head:
        told: Told = head["error"]
        return told
    if head["dtype"] not in _KINDS:
        raise ValueError(f"no array of {head['dtype']} travels here")
    array = np.empty(head["shape"], head["dtype"])
    left = array.data.cast("B")
    while left:
        count = pipe.readinto(left)  # type: ignore[attr-defined]
        if not count:
            raise EOFError("the pipe ended within an array")
        left = left[count:]
    return array


def _write(pipe: BinaryIO, content: "bytes | memoryview") -> None:
    rest = memoryview(content)
    while rest:
        rest = rest[pipe.write(rest) :]
    pipe.flush()
