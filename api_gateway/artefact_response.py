"""A file as an answer, whole or one range of it (RFC 9110)."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from fastapi import HTTPException
from starlette.responses import FileResponse
from starlette.types import Receive, Scope, Send

# One range only: a server may ignore others, and clients that download use one.
_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")


class ArtefactResponse(FileResponse):
    """Starlette's, with the content's hash as its ETag, and problem documents where it has text."""

    @classmethod
    def of(cls, file: Path, *, sha256: str, media_type: str, asked: Mapping[str, str]) -> Self:
        """Answer with the file.

        Args:
            asked: the headers of the request.

        Raises:
            HTTPException: 416, where the range lies behind the end.
        """
        found = file.stat()
        range_of(asked.get("range", ""), found.st_size)
        return cls(
            file, headers=artefact_headers(sha256), media_type=media_type, stat_result=found,
            filename=file.name, content_disposition_type=disposition(media_type),
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a range that is not one is ignored, as the standard asks."""
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"range" or _RANGE.fullmatch(value.decode("latin-1"))
        ]
        await super().__call__({**scope, "headers": headers}, receive, send)


def artefact_headers(sha256: str) -> dict[str, str]:
    """What every answer with a file says."""
    return {
        "etag": f'"{sha256}"',
        # Results of a stranger's video are data, never a page of this origin.
        "x-content-type-options": "nosniff",
        "content-security-policy": "sandbox",
        "cache-control": "private, no-cache",
    }


def disposition(media_type: str) -> str:
    """Whether browsers show the file or save it."""
    return "inline" if media_type == "video/mp4" else "attachment"


def range_of(header: str, size: int) -> tuple[int, int] | None:
    """The first byte that is asked for and the one behind the last; None: all of them.

    Raises:
        HTTPException: 416, where the range lies behind the end.
    """
    found = _RANGE.fullmatch(header)
    if found is None:
        return None
    first, last, suffix = found.groups()
    reaches = int(suffix) > 0 if suffix is not None else int(first) < size
    backwards = bool(last) and int(last) < int(first)
    if not reaches or backwards:
        raise HTTPException(
            416, f"The file has {size} bytes, the range lies outside",
            headers={"content-range": f"bytes */{size}"},
        )  # fmt: skip
    if suffix is not None:
        return max(0, size - int(suffix)), size
    return int(first), min(size, int(last) + 1) if last else size
