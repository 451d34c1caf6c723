"""Fetch a file whole, through as many connections as it takes."""

import time
from pathlib import Path
from typing import BinaryIO
from urllib.parse import quote

from api_gateway.client.answers import Artefact
from api_gateway.client.failures import NoAnswerError, ServiceError
from api_gateway.client.session import Session
from shared.storage.files import publishing, sha256_of

_BREAKS_IN_A_ROW = 6
_FIRST_PAUSE_SECONDS = 0.2


def download(session: Session, task_id: str, artefact: Artefact, target: Path) -> None:
    """Write `target`, which appears whole or not at all.

    Raises:
        NoAnswerError: several connections in a row brought nothing.
        ServiceError: `checksum_mismatch`, and what the service refuses.
        TransientError: `disk_full`.
    """
    with publishing(target) as partial:
        with partial.open("wb") as file:
            _receive(session, task_id, artefact, file)
        if sha256_of(partial) != artefact["sha256"]:
            raise ServiceError(
                "checksum_mismatch",
                f"{artefact['name']}: what came is not what the service has; download it again.",
            )


def _receive(session: Session, task_id: str, artefact: Artefact, file: BinaryIO) -> None:
    path = f"/tasks/{quote(task_id, safe='')}/results/{quote(artefact['name'])}"
    breaks = 0
    while (had := file.tell()) < artefact["size"]:
        try:
            _receive_more(session, path, artefact["sha256"], file)
        except NoAnswerError:
            breaks = 0 if file.tell() > had else breaks + 1
            if breaks == _BREAKS_IN_A_ROW:
                raise
            time.sleep(_FIRST_PAUSE_SECONDS * 2**breaks)


def _receive_more(session: Session, path: str, sha256: str, file: BinaryIO) -> None:
    headers = {"Accept-Encoding": "identity"}
    if had := file.tell():
        # Should the file have changed meanwhile, it comes whole.
        headers |= {"Range": f"bytes={had}-", "If-Range": f'"{sha256}"'}
    with session.stream(path, headers) as answer:
        if had and not answer.headers.get("content-range", "").startswith(f"bytes {had}-"):
            file.seek(0)
            file.truncate()
        for piece in answer.iter_raw():
            file.write(piece)
