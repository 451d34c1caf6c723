"""What the repositories promise, on SQLite and PostgreSQL alike."""

from datetime import timedelta

import orjson
import pytest
from pydantic import ValidationError

from shared.db.database import Database
from shared.db.outbox import DOORBELL, EVENT, doorbell_of
from shared.db.tables import ArtefactRow
from shared.db.tasks import domain_task
from shared.domain.step import Doorbell, Ring, StepState
from shared.domain.task import AnalysisOptions, CopyOptions, FrameOptions, TaskState
from shared.errors import InvalidInputError
from shared.events.catalogue import read_event
from shared.events.envelope import compose, new_id
from shared.events.task import TaskFailed
from tests.support.rows import NOW, step_row, stored_task, task_row

SECOND = timedelta(seconds=1)


def test_a_key_serves_one_task_of_an_owner(database: Database) -> None:
    first = stored_task(database, idempotency_key="k")
    stored_task(database, idempotency_key="k", owner="bob")
    stored_task(database)
    stored_task(database)
    with database.begin() as unit:
        assert not unit.tasks.add(task_row(idempotency_key="k"))
        found = unit.tasks.by_key("ada", "k")
    assert found is not None
    assert found.id == first


def test_nobody_sees_what_belongs_to_somebody_else_or_is_being_erased(database: Database) -> None:
    ours = [stored_task(database) for _ in range(3)]
    stored_task(database, owner="bob")
    erased = stored_task(database, erase_requested_at=NOW)
    with database.read() as unit:
        assert unit.tasks.owned("bob", ours[0]) is None
        assert unit.tasks.owned("ada", erased) is None
        first = unit.tasks.page("ada", limit=2)
        rest = unit.tasks.page("ada", limit=2, before=first[-1].id)
        assert [row.id for row in (*first, *rest)] == ours[::-1]
        assert unit.tasks.page("ada", limit=9, states=[TaskState.FAILED]) == []
        assert unit.tasks.to_erase() == [erased]


def test_a_row_becomes_the_task_that_steps_know(database: Database) -> None:
    task_id = stored_task(database, options={"frame_skip": 2, "classes": ["cat"]})
    with database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        task = domain_task(row)
    assert task.id == task_id
    assert task.options == AnalysisOptions(frame_skip=2, classes=("cat",))


@pytest.mark.parametrize(
    ("pipeline", "options", "expected"),
    [
        ("download", {"target": "areas/ada/a.mp4"}, CopyOptions("areas/ada/a.mp4")),
        ("copy", {"target": "areas/ada/a.mp4"}, CopyOptions("areas/ada/a.mp4")),
        ("frames", {"num_frames": 3}, FrameOptions(3)),
        ("video", {"num_frames": 3}, AnalysisOptions(num_frames=3)),
        ("toy", {}, AnalysisOptions()),
    ],
)
def test_options_are_those_of_the_pipeline(
    pipeline: str, options: dict[str, object], expected: object
) -> None:
    assert domain_task(task_row(pipeline=pipeline, options=options)).options == expected


@pytest.mark.parametrize(
    ("pipeline", "options"),
    [("copy", {}), ("frames", {"num_frames": "many"}), ("video", {"loop": "twice"})],
)
def test_options_of_another_pipeline_are_refused(pipeline: str, options: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        domain_task(task_row(pipeline=pipeline, options=options))


def test_known_tasks_are_told_from_others(database: Database) -> None:
    ours, theirs = stored_task(database), stored_task(database, owner="bob")
    with database.read() as unit:
        assert unit.tasks.known([ours, theirs, new_id()]) == {ours, theirs}
        assert unit.tasks.known([]) == set()


def test_a_lost_lease_is_not_prolonged(database: Database) -> None:
    task_id = stored_task(database)
    lease = NOW + 20 * SECOND
    with database.begin() as unit:
        row = step_row(task_id, state=StepState.RUNNING, fence=3, lease_until=lease)
        unit.steps.add_all([row])
        beat, until = unit.steps.beat, NOW + 40 * SECOND
        assert not beat(row.id, 2, now=NOW, until=until), "an older fence"
        assert not beat(row.id, 3, now=lease, until=until), "the lease ran out"
        assert beat(row.id, 3, now=NOW, until=until)
        assert not beat(row.id + 1, 3, now=NOW, until=until)
    with database.read() as unit:
        assert unit.steps.leased(task_id, NOW + 39 * SECOND)
        assert not unit.steps.leased(task_id, NOW + 41 * SECOND)
        assert unit.steps.activity("video").active_at == NOW
        assert unit.steps.activity("other").active_at is None


def test_the_reconciler_is_shown_ready_and_expired_steps_of_live_tasks(database: Database) -> None:
    live = stored_task(database, state=TaskState.RUNNING)
    over = stored_task(database, state=TaskState.CANCELLED)
    running = {"state": StepState.RUNNING}
    with database.begin() as unit:
        unit.steps.add_all(
            [
                step_row(live, name="ready"),
                step_row(live, name="expired", lease_until=NOW - SECOND, **running),
                step_row(live, name="alive", lease_until=NOW + SECOND, **running),
                step_row(live, name="waiting", state=StepState.WAITING),
                step_row(live, name="done", state=StepState.DONE),
                step_row(over, name="over"),
            ]
        )
        assert [row.name for row in unit.steps.unserved(NOW)] == ["ready", "expired"]
        assert unit.steps.unfinished(live) == 4
        assert unit.steps.unfinished(live, position=1) == 0


def test_a_task_without_steps_is_found(database: Database) -> None:
    begun, not_begun = stored_task(database), stored_task(database)
    stored_task(database, state=TaskState.CANCELLED)
    with database.begin() as unit:
        unit.steps.add_all([step_row(begun)])
        assert unit.tasks.not_begun(NOW) == [not_begun]
        assert unit.tasks.not_begun(NOW - SECOND) == []


def test_the_outbox_gives_back_events_and_doorbells_in_order(database: Database) -> None:
    task_id = stored_task(database)
    data = TaskFailed(user_id="ada", step="track", code="broken", message="It broke.")
    event = compose(data, room="workers", task_id=task_id, correlation_id="c")
    bell = Doorbell(task_id, 4, tuple((Ring("detect", part, "detection"),) for part in range(2)))
    with database.begin() as unit:
        unit.outbox.add_doorbell(bell)
        unit.outbox.add_event(event)
        assert unit.outbox.about_to_ring(task_id) == {("detect", 0), ("detect", 1)}
        assert unit.outbox.announces(task_id, "task.failed.v1")
    with database.begin() as unit:
        rung, fact = unit.outbox.unsent(limit=10)
        assert (rung.kind, fact.kind) == (DOORBELL, EVENT)
        assert doorbell_of(rung) == bell
        assert read_event(orjson.dumps(fact.body)) == event
        assert len(unit.outbox.unsent(limit=1)) == 1
        unit.outbox.mark_sent([rung.id, fact.id])
    with database.begin() as unit:
        assert unit.outbox.unsent(limit=10) == []
        assert unit.outbox.about_to_ring(task_id) == set()
        assert unit.outbox.prune(NOW) == 0
        assert unit.outbox.prune(rung.created_at + timedelta(days=1)) == 2


def test_an_event_is_recorded_once_in_each_room(database: Database) -> None:
    with database.begin() as unit:
        assert unit.inbox.record("workers", "e", "task.submitted.v1", NOW)
        assert not unit.inbox.record("workers", "e", "task.submitted.v1", NOW)
        assert unit.inbox.record("notifications", "e", "task.submitted.v1", NOW)
    with pytest.raises(RuntimeError), database.begin() as unit:
        assert unit.inbox.record("workers", "f", "task.submitted.v1", NOW)
        raise RuntimeError("the reaction failed")
    with database.begin() as unit:
        assert unit.inbox.record("workers", "f", "task.submitted.v1", NOW)
        unit.inbox.prune(NOW + SECOND)
        assert unit.inbox.record("workers", "e", "task.submitted.v1", NOW)


def test_a_file_that_two_tasks_share_is_not_one_of_them_alone(database: Database) -> None:
    first, second = stored_task(database), stored_task(database)

    def artefact(task_id: str, name: str, key: str, fence: int = 1) -> ArtefactRow:
        return ArtefactRow(
            task_id=task_id, step="detect", name=name, key=key, sha256="0" * 64, size=2**40,
            fence=fence,
        )  # fmt: skip

    with database.begin() as unit:
        unit.artefacts.replace(artefact(first, "chunk-0", "detections/k/0"))
        unit.artefacts.replace(artefact(second, "chunk-0", "detections/k/0"))
        unit.artefacts.replace(artefact(first, "video", "videos/1/old"))
        unit.artefacts.replace(artefact(first, "video", "videos/1/new", fence=2))
    with database.read() as unit:
        assert unit.artefacts.only_of(first) == ["videos/1/new"]
        assert [row.fence for row in unit.artefacts.of(first)] == [1, 2]


def test_a_key_opens_until_it_is_revoked(database: Database) -> None:
    with database.begin() as unit:
        key = unit.api_keys.create("ada", ["act-as", "admin"], NOW)
        assert len(key) >= 43, "256 bits"
    with database.begin() as unit:
        row = unit.api_keys.find(key)
        assert row is not None
        assert (row.principal, row.scopes) == ("ada", ["act-as", "admin"])
        assert key not in (row.id, row.sha256)
        assert unit.api_keys.find(key + "x") is None
        assert unit.api_keys.revoke(row.id, NOW)
        assert not unit.api_keys.revoke("unknown", NOW)
    with database.read() as unit:
        assert unit.api_keys.find(key) is None


@pytest.mark.parametrize("principal", ["", "Ada", "../ada", "a" * 101])
def test_no_key_is_made_for_somebody_whose_name_is_no_folder(
    database: Database, principal: str
) -> None:
    with database.begin() as unit, pytest.raises(InvalidInputError, match="principal") as refused:
        unit.api_keys.create(principal, ["read"], NOW)
    assert refused.value.code == "bad_principal"
