"""What the child tells its parent: one JSON object a line."""

from typing import Any, BinaryIO

import orjson

from shared.training.jobs import EpochReport


class Telling:
    """The one writer of a pipe. A parent that is gone is an error, and ends the work."""

    def __init__(self, pipe: BinaryIO) -> None:
        self.pipe = pipe

    def report(self, report: EpochReport) -> None:
        """How far it is."""
        self._line({"report": report})

    def result(self, result: object) -> None:
        """What came out; the last word."""
        self._line({"result": result})

    def error(self, told: dict[str, str]) -> None:
        """Why nothing comes out; the last word."""
        self._line({"error": told})

    def _line(self, message: dict[str, Any]) -> None:
        self.pipe.write(orjson.dumps(message, default=str) + b"\n")
