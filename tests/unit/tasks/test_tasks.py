"""Submit, read, cancel and erase a task, on SQLite and PostgreSQL alike."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.db.database import Database
from shared.db.tables import ArtefactRow
from shared.db.tasks import domain_task
from shared.domain.labeling import REQUEST
from shared.domain.step import StepState
from shared.domain.task import AnalysisOptions, CopyOptions, TaskState
from shared.errors import ConflictError, NotFoundError, TransientError
from shared.events.envelope import new_id
from shared.tasks.cancel import cancel_task
from shared.tasks.erase import Erasure, erase_task, finish_erasures
from shared.tasks.status import TaskStatus, task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.rows import NOW, step_row, stored_task

ASKED = Submission("ada", "https://example.org/a.mp4", AnalysisOptions(frame_skip=1))


def _submit(database: Database, asked: Submission = ASKED) -> str:
    with database.begin() as unit:
        return submit_task(unit, asked)


def _status(database: Database, task_id: str, owner: str = "ada") -> TaskStatus:
    with database.read() as unit:
        return task_status(unit, owner, task_id)


def _topics(database: Database, task_id: str) -> list[str]:
    with database.read() as unit:
        return [row.topic for row in unit.outbox.about(task_id)]


def test_a_submission_is_a_row_and_an_event(database: Database) -> None:
    task_id = _submit(database, replace(ASKED, correlation_id="request-7"))
    status = _status(database, task_id)
    assert (status.state, status.percent, status.current_step) == (TaskState.QUEUED, 0, None)
    with database.read() as unit:
        (event,) = unit.outbox.about(task_id)
    assert event.topic == "task.submitted.v1"
    assert event.body["correlationid"] == "request-7"
    assert event.body["data"]["options"]["frame_skip"] == 1
    assert "example.org" not in str(event.body)


def test_a_repeated_submission_is_the_same_task(database: Database) -> None:
    keyed = replace(ASKED, idempotency_key="k")
    task_id = _submit(database, keyed)
    assert _submit(database, keyed) == task_id
    assert _topics(database, task_id) == ["task.submitted.v1"]
    assert _submit(database, replace(keyed, owner="bob")) != task_id
    with pytest.raises(ConflictError) as refused:
        _submit(database, replace(keyed, options=AnalysisOptions()))
    assert refused.value.code == "idempotency_key_reused"


def test_a_chosen_id_is_kept_and_another_digest_is_another_request(database: Database) -> None:
    first = replace(ASKED, idempotency_key="k", request_digest="a" * 64, task_id=new_id())
    task_id = _submit(database, first)
    assert task_id == first.task_id
    assert _submit(database, replace(first, task_id=new_id())) == task_id
    with pytest.raises(ConflictError):
        _submit(database, replace(first, task_id=new_id(), request_digest="b" * 64))


def test_a_request_is_the_same_by_its_own_words_where_they_are_given(database: Database) -> None:
    first = replace(ASKED, idempotency_key="k", request_digest="a" * 64)
    task_id = _submit(database, first)
    later = replace(first, options=AnalysisOptions(model="pet_hotel@2"))
    assert _submit(database, later) == task_id
    with pytest.raises(ConflictError):
        _submit(database, replace(first, request_digest="b" * 64))


def test_other_pipelines_have_other_options(database: Database) -> None:
    asked = Submission("ada", "a.mp4", CopyOptions("areas/ada/b.mp4"), pipeline="copy")
    task_id = _submit(database, asked)
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        assert domain_task(row).options == asked.options


def test_submissions_at_the_same_moment_make_one_task(database: Database) -> None:
    keyed = replace(ASKED, idempotency_key="k")
    with ThreadPoolExecutor(6) as pool:
        ids = list(pool.map(lambda _: _submit(database, keyed), range(12)))
    assert len(set(ids)) == 1
    assert _topics(database, ids[0]) == ["task.submitted.v1"]


def test_somebody_elses_task_is_not_there(database: Database) -> None:
    task_id = _submit(database)
    with pytest.raises(NotFoundError):
        _status(database, task_id, owner="bob")
    for action in (cancel_task, erase_task):
        with database.begin() as unit, pytest.raises(NotFoundError) as refused:
            action(unit, "bob", task_id)
        assert refused.value.code == "no_such_task"
    assert _status(database, task_id).state == TaskState.QUEUED


def test_a_cancel_ends_steps_and_is_said_once(database: Database) -> None:
    task_id = _submit(database)
    lease = datetime.now(UTC) + timedelta(seconds=20)
    with database.begin() as unit:
        unit.steps.add_all(
            [
                step_row(task_id, state=StepState.DONE),
                step_row(task_id, name="b", state=StepState.RUNNING, lease_until=lease),
                step_row(task_id, name="c", state=StepState.WAITING),
            ]
        )
    for _ in range(2):
        with database.begin() as unit:
            cancel_task(unit, "ada", task_id)
    status = _status(database, task_id)
    assert status.state == TaskState.CANCELLED
    assert [s.state for s in status.steps] == ["done", "cancelled", "cancelled"]
    assert _topics(database, task_id) == ["task.submitted.v1", "task.cancelled.v1"]
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        assert (row.generation, row.cancel_requested) == (1, True)
        assert unit.steps.leased(task_id, datetime.now(UTC)), "b may still be writing"


def test_what_has_ended_cannot_be_cancelled(database: Database) -> None:
    task_id = stored_task(database, state=TaskState.SUCCEEDED)
    with database.begin() as unit, pytest.raises(ConflictError) as refused:
        cancel_task(unit, "ada", task_id)
    assert refused.value.code == "task_ended"


def test_an_erased_task_is_gone_at_once_and_its_files_when_it_is_still(database: Database) -> None:
    task_id, other = _submit(database), _submit(database)
    lease = datetime.now(UTC) + timedelta(seconds=20)

    def artefact(owner: str, key: str) -> ArtefactRow:
        return ArtefactRow(
            task_id=owner, step="b", name=key, key=key, sha256="0" * 64, size=1, fence=1
        )

    with database.begin() as unit:
        unit.steps.add_all([step_row(task_id, state=StepState.RUNNING, fence=1, lease_until=lease)])
        for owner, key in ((task_id, "own"), (task_id, "shared"), (other, "shared")):
            unit.artefacts.replace(artefact(owner, key))
    with database.begin() as unit:
        erase_task(unit, "ada", task_id)
    with pytest.raises(NotFoundError):
        _status(database, task_id)
    erased: list[Erasure] = []
    erase = erased.append
    assert finish_erasures(database, erase) == 0, "a step may be writing"
    with database.begin() as unit:
        unit.steps.release(unit.steps.of(task_id)[0].id, 1)
    assert finish_erasures(database, erase) == 1
    assert finish_erasures(database, erase) == 0
    assert erased == [Erasure(task_id, ["own"])]
    assert _topics(database, task_id) == []
    with database.read() as unit:
        assert unit.tasks.get(task_id) is None


@pytest.mark.parametrize(
    "error", [OSError("busy"), TransientError("labeling_unreachable", "Gone.")]
)
def test_an_erasure_that_fails_is_tried_again_and_holds_up_no_other(
    database: Database, error: Exception
) -> None:
    stuck, other = _submit(database), _submit(database)
    for task_id in (stuck, other):
        with database.begin() as unit:
            erase_task(unit, "ada", task_id)

    def fails_once(erasure: Erasure) -> None:
        if erasure.task_id == stuck:
            raise error

    assert finish_erasures(database, fails_once) == 1
    with database.read() as unit:
        assert unit.tasks.known([stuck, other]) == {stuck}
    assert finish_erasures(database, lambda _: None) == 1


@pytest.mark.parametrize(
    ("started", "output", "expected"),
    [
        (None, None, (False, None)),
        (NOW, None, (True, None)),
        (NOW, {"handle": "7:t", "project": "p", "url": None, "pictures": 2}, (True, "7:t")),
    ],
)
def test_the_labelling_tool_is_asked_once_a_request_has_begun(
    database: Database, started: datetime | None, output: dict[str, object] | None,
    expected: tuple[bool, str | None],
) -> None:  # fmt: skip
    task_id = _submit(database)
    with database.begin() as unit:
        unit.steps.add_all([step_row(task_id, name=REQUEST, started_at=started, output=output)])
        erase_task(unit, "ada", task_id)
    erased: list[Erasure] = []
    finish_erasures(database, erased.append)
    assert [(each.asked_labels, each.handle) for each in erased] == [expected]


def test_the_key_of_a_task_that_is_being_erased_is_refused(database: Database) -> None:
    keyed = replace(ASKED, idempotency_key="k")
    task_id = _submit(database, keyed)
    with database.begin() as unit:
        erase_task(unit, "ada", task_id)
    with pytest.raises(ConflictError) as refused:
        _submit(database, keyed)
    assert refused.value.code == "idempotency_key_erased"
    finish_erasures(database, lambda _: None)
    assert _submit(database, keyed) != task_id


def test_percent_and_current_step_follow_the_steps(database: Database) -> None:
    task_id = stored_task(database, state=TaskState.RUNNING, started_at=NOW)
    with database.begin() as unit:
        unit.steps.add_all(
            [
                step_row(task_id, state=StepState.DONE, attempt=2),
                step_row(task_id, name="b", position=1, state=StepState.RUNNING, attempt=1),
                step_row(task_id, name="c", position=2, state=StepState.WAITING),
            ]
        )
    status = _status(database, task_id)
    assert (status.current_step, status.percent, status.attempt) == ("b", 33.3, 2)
