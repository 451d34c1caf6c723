"""Who may run a step and who may commit it, on SQLite and PostgreSQL alike."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from shared.db.database import Database
from shared.domain.step import StepRef, StepState
from shared.domain.task import TaskState
from shared.events.envelope import new_id
from shared.pipeline.commit import Work, commit_step
from shared.pipeline.layout import find_step, stages_of
from shared.pipeline.leases import Claim, Message, claim_step
from shared.tasks.cancel import cancel_task
from tests.support.toy import FAST, ToyRoom

SECOND = timedelta(seconds=1)
NOTHING = Work(output=None, artefacts=(), event=None, chunks={})


def _claim(
    room: ToyRoom, task_id: str, message: str = "m", *, redelivered: bool = False,
    now: datetime | None = None, generation: int = 0,
) -> Claim | None:  # fmt: skip
    now = now or datetime.now(UTC)
    with room.database.begin() as unit:
        return claim_step(
            unit, StepRef(task_id, "first", 0, generation), Message(message, now, redelivered),
            FAST, now,
        )  # fmt: skip


def _commit(room: ToyRoom, claim: Claim, now: datetime | None = None) -> bool:
    stages = stages_of(room.toy.pipeline, claim.task)
    found = find_step(stages, claim.ref.name)
    assert found is not None
    with room.database.begin() as unit:
        return commit_step(unit, claim, NOTHING, stages, found[0], now or datetime.now(UTC))


def test_of_many_claims_at_once_one_wins(room: ToyRoom) -> None:
    for _ in range(5):
        task_id = room.submit()
        gate = threading.Barrier(8)

        def claim(n: int, task_id: str = task_id, gate: threading.Barrier = gate) -> Claim | None:
            gate.wait()
            return _claim(room, task_id, f"m{n}")

        with ThreadPoolExecutor(8) as pool:
            claims = [claim for claim in pool.map(claim, range(8)) if claim is not None]
        assert len(claims) == 1
        assert claims[0].fence == 1


def test_a_copy_is_refused_while_the_lease_lives_and_after_the_commit(room: ToyRoom) -> None:
    task_id = room.submit()
    claim = _claim(room, task_id)
    assert claim is not None
    assert _claim(room, task_id, "other") is None
    assert _claim(room, task_id) is None, "a copy with the same id is no redelivery"
    assert _claim(room, task_id, "other", redelivered=True) is None
    assert _commit(room, claim)
    assert not _commit(room, claim)
    assert _claim(room, task_id, redelivered=True) is None


def test_the_same_message_redelivered_takes_over_from_who_is_silent(room: ToyRoom) -> None:
    task_id = room.submit()
    first = _claim(room, task_id)
    assert _claim(room, task_id, redelivered=True) is None, "who has it may live"
    silent = datetime.now(UTC) + FAST.sign_of_life
    second = _claim(room, task_id, redelivered=True, now=silent)
    assert first is not None
    assert second is not None
    assert second.fence == first.fence + 1
    assert not _commit(room, first)
    assert _commit(room, second)


def test_a_worker_that_wakes_after_its_lease_cannot_commit(room: ToyRoom) -> None:
    task_id = room.submit()
    claim = _claim(room, task_id)
    assert claim is not None
    late = datetime.now(UTC) + timedelta(seconds=FAST.lease + 1)
    assert not _commit(room, claim, now=late), "nobody took it, and still"
    taken = _claim(room, task_id, "other", now=late)
    assert taken is not None
    assert not _commit(room, claim)
    assert _commit(room, taken, now=late + SECOND)
    assert room.states(task_id)["first", 0] == StepState.DONE


@pytest.mark.parametrize("generation", [-1, 1])
def test_a_message_of_another_generation_is_refused(room: ToyRoom, generation: int) -> None:
    assert _claim(room, room.submit(), generation=generation) is None


def test_a_cancel_outdates_messages_and_claims(room: ToyRoom) -> None:
    task_id = room.submit()
    claim = _claim(room, task_id)
    assert claim is not None
    with room.database.begin() as unit:
        cancel_task(unit, "ada", task_id)
    assert not _commit(room, claim)
    assert _claim(room, task_id) is None
    assert _claim(room, task_id, generation=1) is None, "the task has ended"
    assert room.status(task_id).state == TaskState.CANCELLED


def test_a_message_for_nothing_is_refused(room: ToyRoom) -> None:
    task_id = room.submit()
    for name, part in (("second", 0), ("each", 0), ("nobody", 0), ("first", 1)):
        assert not room.ring(task_id, name, part)
    assert not room.ring(new_id(), "first")
    assert not room.toy.runs


def test_a_step_that_kills_its_workers_fails_the_task(room: ToyRoom) -> None:
    task_id, now = room.submit(), datetime.now(UTC)
    for _ in range(FAST.most_claims):
        assert _claim(room, task_id, new_id(), now=now) is not None
        now += timedelta(seconds=FAST.lease + 1)
    assert _claim(room, task_id, now=now) is None
    status = room.status(task_id)
    assert status.state == TaskState.FAILED
    assert status.error is not None
    assert (status.error.code, status.error.step) == ("worker_lost", "first")


def test_a_task_with_options_of_another_version_fails(room: ToyRoom, database: Database) -> None:
    task_id = room.submit()
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.options = {"frame_skip": "many"}
    assert not room.ring(task_id, "first")
    status = room.status(task_id)
    assert status.error is not None
    assert status.error.code == "invalid_options"
