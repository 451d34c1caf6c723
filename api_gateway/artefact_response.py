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
        _check_range(asked.get("range", ""), found.st_size)
        headers = {
            "etag": f'"{sha256}"',
            # Results of a stranger's video are data, never a page of this origin.
            "x-content-type-options": "nosniff",
            "content-security-policy": "sandbox",
            "cache-control": "private, no-cache",
        }
        return cls(
            file, headers=headers, media_type=media_type, stat_result=found, filename=file.name,
            content_disposition_type="inline" if media_type == "video/mp4" else "attachment",
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer; a range that is not one is ignored, as the standard asks."""
        headers = [
            (name, value)
            for name, value in scope["headers"]
            if name != b"range" or _RANGE.fullmatch(value.decode("latin-1"))
        ]
        await super().__call__({**scope, "headers": headers}, receive, send)


def _check_range(header: str, size: int) -> None:
    found = _RANGE.fullmatch(header)
    if found is None:
        return
    first, last, suffix = found.groups()
    reaches = int(suffix) > 0 if suffix is not None else int(first) < size
    backwards = bool(last) and int(last) < int(first)
    if not reaches or backwards:
        raise HTTPException(
            416, f"The file has {size} bytes, the range lies outside",
            headers={"content-range": f"bytes */{size}"},
        )  # fmt: skip
