"""`/labeling`: ask people for labels, and see how far they are."""

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from api_gateway import waiting
from shared.db.database import Database
from shared.domain.label import LabelledBox, LabelledPicture
from shared.domain.labeling import COLLECT, PIPELINE, REQUEST, RequestedLabels
from shared.domain.step import StepState
from shared.domain.task import AnalysisOptions, TaskState
from shared.labeling.adapters import open_labeling
from shared.labeling.labelstudio_webhook import SECRET_HEADER, webhook_secret
from shared.labeling.port import LabelRequest
from shared.progress.memory_board import MemoryBoard
from shared.tasks.submit import Submission, submit_task
from tests.support.gateway import Service, service
from tests.support.rows import step_row, stored_task


@pytest.fixture
def analysis(served_on_both: Service) -> str:
    """An analysis of ada's that succeeded and extracted frames."""
    asked = Submission("ada", "a.mp4", AnalysisOptions(model="pet_hotel@1", num_frames=5))
    with served_on_both.gateway.database.begin() as unit:
        task_id = submit_task(unit, asked)
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = TaskState.SUCCEEDED
    return task_id


def _requested(service: Service, task_id: str, folder: Path) -> str:
    """Two pictures lie in the folder for people, and somebody has labelled one; the handle."""
    names = ["1.jpg", "2.jpg"]
    for name in names:
        Image.new("RGB", (32, 32)).save(folder / name)
    pictures = [LabelledPicture(n, (32, 32), (LabelledBox(0, (1, 1, 9, 9)),)) for n in names]
    request = LabelRequest(task_id, "pets", ("cat",), pictures, folder, "pet_hotel@1")
    handle = open_labeling(service.gateway.settings).request(request)
    known = asdict(RequestedLabels(handle, f"pets - {task_id}", None, 2))
    with service.gateway.database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = TaskState.WAITING_FOR_LABELS
        unit.steps.add_all(
            [
                step_row(task_id, name=REQUEST, state=StepState.DONE, output=known),
                step_row(task_id, name=COLLECT, state=StepState.READY, output={"labelled": 1}),
            ]
        )
    return handle


def test_labels_are_asked_for_and_seen_by_either_id(
    served_on_both: Service, analysis: str, tmp_path: Path
) -> None:
    ada = served_on_both.client()
    asked = ada.post(
        "/labeling?wait=0", json={"task_id": analysis, "num_frames": 2, "project": "pets"}
    )
    assert asked.status_code == 202
    task_id = asked.json()["task_id"]
    assert ada.get(f"/status/{task_id}").json()["pipeline"] == PIPELINE
    (phase,) = ada.get(f"/status/{analysis}").json()["loop"]
    assert (phase["task_id"], phase["state"]) == (task_id, "queued")
    before = ada.get(f"/labeling/{task_id}").json()
    assert (before["total"], before["rate"], before["project"]) == (0, 0, None)
    _requested(served_on_both, task_id, tmp_path)
    view = ada.get(f"/labeling/{analysis}").json()
    assert view == {
        "task_id": task_id, "analysed_task_id": analysis, "state": "waiting_for_labels",
        "project": f"pets - {task_id}", "url": None, "total": 2, "labelled": 1, "rate": 0.5,
        "error": None,
    }  # fmt: skip


def test_saying_that_people_are_done_is_an_event(
    served_on_both: Service, analysis: str, tmp_path: Path
) -> None:
    ada, database = served_on_both.client(), served_on_both.gateway.database
    task_id = ada.post("/labeling?wait=0", json={"task_id": analysis}).json()["task_id"]
    early = ada.post(f"/labeling/{task_id}/confirm")
    assert (early.status_code, early.json()["code"]) == (409, "not_waiting")
    handle = _requested(served_on_both, task_id, tmp_path)
    tool = open_labeling(served_on_both.gateway.settings)
    assert not tool.progress(handle).complete
    assert ada.post(f"/labeling/{analysis}/confirm").status_code == 200
    assert tool.progress(handle).complete
    with database.read() as unit:
        assert unit.outbox.about(task_id)[-1].topic == "labeling.confirmed.v1"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "nothing_to_label"),
        ([], 400, "invalid_request"),
        ({"task_id": "0198"}, 404, "no_such_task"),
        ({"task_id": "{id}", "folder_path": "frames/0198"}, 404, "no_such_folder"),
        ({"task_id": "{id}", "num_frames": 0}, 422, "invalid_option"),
        ({"task_id": "{id}", "user_id": "bob"}, 403, "scope_missing"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(
    served_on_both: Service,
    analysis: str,
    body: dict[str, object] | list[object],
    status: int,
    code: str,
) -> None:
    wish: object = body
    if isinstance(body, dict):
        wish = {k: v.format(id=analysis) if isinstance(v, str) else v for k, v in body.items()}
    answer = served_on_both.client().post("/labeling?wait=0", json=wish)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_same_request_again_is_the_same_task(served_on_both: Service, analysis: str) -> None:
    ada, keyed = served_on_both.client(), {"Idempotency-Key": "k"}
    body = {"task_id": analysis}
    first, second = (ada.post("/labeling?wait=0", json=body, headers=keyed) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    other = ada.post("/labeling?wait=0", json=body)
    assert (other.status_code, other.json()["code"]) == (409, "labeling_exists")


def test_who_waits_hears_that_people_are_asked_at_once(
    served_on_both: Service, analysis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, keyed = served_on_both.client(), {"Idempotency-Key": "k"}
    first = ada.post("/labeling?wait=0", json={"task_id": analysis}, headers=keyed)
    _requested(served_on_both, first.json()["task_id"], tmp_path)
    monkeypatch.setattr(waiting, "asyncio", None)  # nobody sleeps, to look again
    again = ada.post("/labeling", json={"task_id": analysis}, headers=keyed)
    assert (again.status_code, again.json()) == (202, first.json())


@pytest.mark.parametrize(
    ("state", "error", "status", "answer"),
    [
        (TaskState.FAILED, "bad_picture", 422, "bad_picture"),
        (TaskState.FAILED, "bad_folder", 400, "bad_folder"),
        (TaskState.FAILED, "no_such_folder", 404, "no_such_folder"),
        (TaskState.CANCELLED, None, 409, "cancelled"),
        (TaskState.SUCCEEDED, None, 200, None),
    ],
)
def test_who_waits_hears_how_it_ended(
    served_on_both: Service, analysis: str, state: TaskState, error: str | None, status: int,
    answer: str | None,
) -> None:  # fmt: skip
    ada, keyed = served_on_both.client(), {"Idempotency-Key": "k"}
    first = ada.post("/labeling?wait=0", json={"task_id": analysis}, headers=keyed)
    with served_on_both.gateway.database.begin() as unit:
        row = unit.tasks.lock(first.json()["task_id"])
        assert row is not None
        row.state, row.error_code, row.error_step = state, error, error and "select_pictures"
    ended = ada.post("/labeling", json={"task_id": analysis}, headers=keyed)
    assert (ended.status_code, ended.json().get("code")) == (status, answer)


def test_labels_of_others_are_not_there(served_on_both: Service, analysis: str) -> None:
    served_on_both.client().post("/labeling?wait=0", json={"task_id": analysis})
    bob = served_on_both.client("bob")
    for method, path in (("GET", ""), ("POST", "/confirm")):
        answer = bob.request(method, f"/labeling/{analysis}{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_task")
    assert bob.post("/labeling?wait=0", json={"task_id": analysis}).status_code == 404


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Service:
    """A gateway that a labelling tool with the token `t` may call."""
    known = {"labeling_url": "labelstudio+http://127.0.0.1:9", "labeling_token": "t" * 40}
    return service(database, MemoryBoard(), tmp_path / "storage", **known)


def test_the_tool_wakes_the_task_only_with_its_secret(told: Service) -> None:
    database = told.gateway.database
    known = asdict(RequestedLabels("7", "pets - 1", "http://127.0.0.1:9/projects/7", 2))
    task_id = stored_task(database, pipeline=PIPELINE, state=TaskState.WAITING_FOR_LABELS)
    later = datetime.now(UTC) + timedelta(hours=1)
    with database.begin() as unit:
        unit.steps.add_all(
            [
                step_row(task_id, name=REQUEST, state=StepState.DONE, output=known),
                step_row(task_id, name=COLLECT, state=StepState.READY, resume_at=later),
            ]
        )

    def next_look() -> datetime | None:
        with database.read() as unit:
            return unit.steps.of(task_id)[-1].resume_at

    right = webhook_secret("t" * 40, "7")
    for secret, task, status in (
        (right, "0198", 404), ("guess", task_id, 404),
        (webhook_secret("t" * 40, "8"), task_id, 404), (right, task_id, 204),
    ):  # fmt: skip
        assert next_look() == later
        answer = told.anonymous.post(f"/labeling/webhooks/{task}", headers={SECRET_HEADER: secret})
        assert answer.status_code == status
    assert told.anonymous.post(f"/labeling/webhooks/{task_id}").status_code == 400
    soon = next_look()
    assert soon is not None
    assert soon < datetime.now(UTC)
    for _ in range(3):
        headers = {SECRET_HEADER: right}
        assert told.anonymous.post(f"/labeling/webhooks/{task_id}", headers=headers).is_success
    assert next_look() == soon
    with database.read() as unit:
        assert unit.outbox.about(task_id) == [], "a picture each would be thousands of events"


def test_a_stranger_does_not_wait_for_the_turn_to_write(told: Service) -> None:
    database = told.gateway.database
    known = asdict(RequestedLabels("7", "pets - 1", None, 2))
    task_id = stored_task(database, pipeline=PIPELINE, state=TaskState.WAITING_FOR_LABELS)
    with database.begin() as unit:
        unit.steps.add_all([step_row(task_id, name=REQUEST, state=StepState.DONE, output=known)])
    with database.begin() as unit:
        unit.tasks.lock(task_id)
        headers = {SECRET_HEADER: "guess"}
        answer = told.anonymous.post(f"/labeling/webhooks/{task_id}", headers=headers)
    assert answer.status_code == 404
