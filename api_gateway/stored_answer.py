"""A file of a task as an answer, from wherever it is kept."""

from collections.abc import Mapping
from email.utils import format_datetime
from urllib.parse import quote

from fastapi import Response
from starlette.responses import StreamingResponse

from api_gateway.artefact_response import (
    ArtefactResponse,
    artefact_headers,
    disposition,
    range_of,
)
from api_gateway.views import media_type
from shared.db.tables import ArtefactRow
from shared.errors import PermanentError
from shared.storage.port import Found, Storage


def stored_answer(storage: Storage, row: ArtefactRow, asked: Mapping[str, str]) -> Response | None:
    """The file, or the range that is asked for; None where it is not there any more.

    Raises:
        HTTPException: 416, where the range lies behind the end.
        TransientError: the storage does not answer as it should.
    """
    kind = media_type(row.name)
    if storage.folder is not None:
        file = storage.folder / row.key
        if not file.is_file():
            return None
        return ArtefactResponse.of(file, sha256=row.sha256, media_type=kind, asked=asked)
    found = storage.find(row.key)
    if found is None:
        return None
    headers = _headers(row, found, kind)
    wanted = range_of(asked.get("range", ""), found.size)
    if wanted is None or not _same(asked.get("if-range"), headers):
        start, stop, status = 0, found.size, 200
    else:
        start, stop, status = *wanted, 206
        headers["content-range"] = f"bytes {start}-{stop - 1}/{found.size}"
    headers["content-length"] = str(stop - start)
    try:
        # Opened here, so that a storage in trouble is a 503 and not half an answer.
        pieces = storage.read(row.key, start, stop) if stop > start else iter(())
    except PermanentError:
        return None
    return StreamingResponse(pieces, status, headers, media_type=kind)


def _headers(row: ArtefactRow, found: Found, kind: str) -> dict[str, str]:
    name = row.name.rpartition("/")[2]
    quoted = quote(name)
    given = f'filename="{name}"' if quoted == name else f"filename*=utf-8''{quoted}"
    return artefact_headers(row.sha256) | {
        "accept-ranges": "bytes",
        "content-disposition": f"{disposition(kind)}; {given}",
        "last-modified": format_datetime(found.modified, usegmt=True),
    }


def _same(if_range: str | None, headers: Mapping[str, str]) -> bool:
    return if_range is None or if_range in {headers["etag"], headers["last-modified"]}
