"""The results of a task of the service, in a folder as `run` writes it."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import orjson

from cli.out_folder import RECORD, check_out
from shared.errors import NotFoundError, PermanentError
from shared.settings import load_settings
from shared.storage.files import publishing_folder

if TYPE_CHECKING:
    from api_gateway.client import Client
    from api_gateway.client.answers import Artefact


def fetch_results(client: "Client", task_id: str, out: Path) -> None:
    """Download a task's results into `out`, which appears whole or not at all.

    A task leaves more than its results, such as the video; those that its record does not name
    are left out. A task without a record gives all that it has.

    Raises:
        InvalidInputError: what `check_out` refuses.
        NotFoundError: `no_results`.
        ServiceError: what the client raises.
    """
    target = check_out(out, load_settings().storage_root)
    artefacts = client.results(task_id)
    if not artefacts:
        raise NotFoundError("no_results", f"Task {task_id} has left no file so far; wait for it.")
    with publishing_folder(target) as partial:
        for artefact in _wanted(client, task_id, artefacts, partial):
            client.download(task_id, artefact, partial / _relative(artefact["name"]))


def _wanted(
    client: "Client", task_id: str, artefacts: "Sequence[Artefact]", folder: Path
) -> "Sequence[Artefact]":
    record = next((artefact for artefact in artefacts if artefact["name"] == RECORD), None)
    if record is None:
        return artefacts
    client.download(task_id, record, folder / RECORD)
    listed = orjson.loads((folder / RECORD).read_bytes())["artefacts"]
    names = {entry["name"] for entry in listed}
    return [artefact for artefact in artefacts if artefact["name"] in names]


def _relative(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise PermanentError(
            "bad_artefact_name", f"{name}: the service names a file outside the folder."
        )
    return path
