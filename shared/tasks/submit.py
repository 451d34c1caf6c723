"""Submit a task: one row and one event, in the caller's transaction."""

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import orjson

from shared.db.tables import TaskRow
from shared.db.unit_of_work import Unit
from shared.domain.task import Options, TaskState
from shared.errors import ConflictError
from shared.events.envelope import compose, new_id
from shared.events.task import TaskSubmitted

ROOM = "gateway"


@dataclass(frozen=True, slots=True)
class Submission:
    """What an owner asks for.

    Attributes:
        options: those of the pipeline (`shared.domain.task.OPTIONS`).
        pipeline: name of the table of steps.
        idempotency_key: unique for the owner; the same key and request give the same task.
        correlation_id: of the request; None makes one.
        task_id: chosen by whoever put files into the task's folder before; None makes one.
        request_digest: hash of the request as it was asked, in place of the one of what it became:
            the same words may mean another model version later.
        parent_id, root_id: the task whose files this one goes on with, and the one with which
            their loop began.
    """

    owner: str
    source: str
    options: Options
    pipeline: str = "video"
    idempotency_key: str | None = None
    correlation_id: str | None = None
    task_id: str | None = None
    request_digest: str | None = None
    parent_id: str | None = None
    root_id: str | None = None


def submit_task(unit: Unit, submission: Submission, room: str = ROOM) -> str:
    """Write the task and announce it as `room`; the id of the task, new or old.

    Raises:
        ConflictError: `idempotency_key_reused` (another source or other options),
            `idempotency_key_erased`; `task_exists`: its chosen id is taken.
    """
    digest, key = _digest(submission), submission.idempotency_key
    row = _row(submission, digest)
    # SQLite's one writer and PostgreSQL's unique index both settle who comes first.
    if not unit.tasks.add(row):
        earlier = unit.tasks.by_key(submission.owner, key) if key is not None else None
        if earlier is None:
            raise ConflictError("task_exists", f"There is a task {row.id}; choose another id.")
        return _same(earlier, digest)
    options = orjson.loads(orjson.dumps(row.options))
    unit.outbox.add_event(
        compose(
            TaskSubmitted(user_id=row.owner, options=options),
            room=room, task_id=row.id, correlation_id=row.correlation_id,
        )
    )  # fmt: skip
    return row.id


def _row(submission: Submission, digest: str) -> TaskRow:
    return TaskRow(
        id=submission.task_id or new_id(),
        parent_id=submission.parent_id,
        root_id=submission.root_id,
        owner=submission.owner,
        pipeline=submission.pipeline,
        source=submission.source,
        options=orjson.loads(orjson.dumps(asdict(submission.options))),
        state=TaskState.QUEUED,
        idempotency_key=submission.idempotency_key,
        request_digest=digest,
        correlation_id=submission.correlation_id or new_id(),
        created_at=datetime.now(UTC),
    )


def _same(earlier: TaskRow, digest: str) -> str:
    if earlier.request_digest != digest:
        raise ConflictError(
            "idempotency_key_reused",
            "This Idempotency-Key was used for another request; use a new key.",
        )
    if earlier.erase_requested_at is not None:
        raise ConflictError(
            "idempotency_key_erased",
            "The task of this Idempotency-Key is being erased; use a new key.",
        )
    return earlier.id


def _digest(submission: Submission) -> str:
    if submission.request_digest is not None:
        return submission.request_digest
    asked = (submission.pipeline, submission.source, asdict(submission.options))
    return hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
