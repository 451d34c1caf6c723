"""From what a client asks to a task in the database."""

import logging
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import orjson

from api_gateway.gateway import Gateway
from shared.db.tables import ArtefactRow
from shared.db.unit_of_work import Unit
from shared.domain.task import AnalysisOptions
from shared.inference.choice import choose
from shared.logging import current_id
from shared.storage.files import Artefact
from shared.storage.uploads import upload_key
from shared.tasks.submit import Submission, submit_task

log = logging.getLogger(__name__)


def pinned(gateway: Gateway, options: AnalysisOptions) -> AnalysisOptions:
    """The options, checked, with the model's version: one that is added later is not this task's.

    Raises:
        InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`.
    """
    return replace(options, model=choose(gateway.models, options).model.manifest.label)


def digest(*request: object) -> str:
    """What makes two requests the same one: as they were asked, before anything was resolved."""
    return sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()


def take(gateway: Gateway, submission: Submission, upload: Artefact | None = None) -> str:
    """Write the task and its event in one commit; its id.

    Args:
        upload: the source, where it came with the request; workers that do not see the storage's
            files find it by its row.

    Raises:
        ConflictError: `idempotency_key_reused`, `idempotency_key_erased`.
    """
    correlated = replace(submission, correlation_id=current_id("correlation_id"))
    with gateway.database.begin() as unit:
        task_id = submit_task(unit, correlated)
        if upload is not None and task_id == submission.task_id and gateway.storage.folder is None:
            unit.artefacts.replace(
                ArtefactRow(
                    task_id=task_id, step="upload", name=upload.name, key=upload_key(task_id),
                    sha256=upload.sha256, size=upload.size, fence=0,
                )
            )  # fmt: skip
    log.info("task %s of %s", task_id, submission.owner)
    return task_id


def take_phase(gateway: Gateway, phase: Callable[[Unit], Submission], request_digest: str) -> str:
    """Write a task that goes on with another one, in the transaction that says whether it may.

    Args:
        phase: looks whether it may, under the lock of the loop.

    Raises:
        ConflictError: `idempotency_key_reused`, `idempotency_key_erased`; or what `phase` raises.
    """
    with gateway.database.begin() as unit:
        submission = replace(
            phase(unit), correlation_id=current_id("correlation_id"), request_digest=request_digest
        )
        task_id = submit_task(unit, submission)
    log.info("task %s of %s", task_id, submission.owner)
    return task_id
