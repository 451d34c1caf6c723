"""`POST /labeling` for pictures that no analysis brought: which folders it takes."""

from dataclasses import asdict
from pathlib import Path

import pytest

from shared.domain.task import (
    MOST_PICTURES,
    AnalysisOptions,
    FrameOptions,
    LabelingOptions,
    Options,
    TaskState,
)
from shared.fetch import picture_folder
from shared.tasks.submit import Submission, submit_task
from tests.support.gateway import Service

_PICTURE = b"its bytes are looked at by a worker"


def _put(service: Service, path: str, content: bytes = _PICTURE, owner: str = "ada") -> Path:
    file = service.paths.area(owner) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def _ended(service: Service, options: Options, pipeline: str, state: str = "succeeded") -> str:
    with service.gateway.database.begin() as unit:
        task_id = submit_task(unit, Submission("ada", "a.mp4", options, pipeline))
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = TaskState(state)
    return task_id


def _task(service: Service, task_id: str) -> tuple[str, str | None, str | None, object]:
    with service.gateway.database.read() as unit:
        row = unit.tasks.get(task_id)
        assert row is not None
        return row.source, row.parent_id, row.root_id, row.options


def _options(found: object) -> dict[str, object]:
    assert isinstance(found, dict)
    analysis = found["analysis"]
    return {
        "model": analysis["model"], "frames": found["frames"], "num_frames": found["num_frames"],
    }  # fmt: skip


@pytest.mark.parametrize("path", ["visits/monday", "visits/monday/"])
def test_a_folder_is_a_task_of_its_own(served_on_both: Service, path: str) -> None:
    _put(served_on_both, "visits/monday/a.jpg")
    _put(served_on_both, "visits/monday/deeper/b.PNG")
    ada = served_on_both.client()
    asked = ada.post("/labeling?wait=0", json={"folder_path": path, "project": "pets"})
    assert asked.status_code == 202, asked.text
    task_id = asked.json()["task_id"]
    source, parent, root, options = _task(served_on_both, task_id)
    assert (source, parent, root) == ("storage:areas/ada/visits/monday/", None, None)
    assert _options(options) == {
        "model": "pet_hotel@1", "frames": "folder", "num_frames": MOST_PICTURES,
    }  # fmt: skip
    view = ada.get(f"/labeling/{task_id}").json()
    assert (view["task_id"], view["analysed_task_id"], view["rate"]) == (task_id, None, 0)
    assert ada.get(f"/status/{task_id}").json()["source"] == "visits/monday/"


def test_a_folder_may_go_on_with_an_analysis(served_on_both: Service) -> None:
    _put(served_on_both, "visits/a.jpg")
    looked = AnalysisOptions(model="pet_hotel@1", confidence=0.7)
    analysis = _ended(served_on_both, looked, "video")
    ada = served_on_both.client()
    body = {"folder_path": "visits", "task_id": analysis, "num_frames": 3}
    task_id = ada.post("/labeling?wait=0", json=body).json()["task_id"]
    source, parent, root, options = _task(served_on_both, task_id)
    assert (source, parent, root) == ("storage:areas/ada/visits/", analysis, analysis)
    assert options == _stored(LabelingOptions(looked, 3, "folder"))
    assert ada.get(f"/labeling/{analysis}").json()["task_id"] == task_id


def _stored(options: LabelingOptions) -> object:
    return asdict(options) | {
        "analysis": asdict(options.analysis) | {"classes": list(options.analysis.classes)}
    }


def test_extracted_frames_are_named_by_the_task_that_extracted_them(
    served_on_both: Service,
) -> None:
    frames = _ended(served_on_both, FrameOptions(5), "frames")
    _put(served_on_both, f"frames/{frames}/a.jpg")  # an area's folder of that name is not meant
    ada = served_on_both.client()
    for body in ({}, {"task_id": frames}):
        asked = ada.post("/labeling?wait=0", json={"folder_path": f"frames/{frames}", **body})
        assert asked.status_code == 202, asked.text
        source, parent, root, options = _task(served_on_both, asked.json()["task_id"])
        assert (source, parent, root) == ("a.mp4", frames, frames)
        assert _options(options)["frames"] == "extracted"
        ada.post(f"/tasks/{asked.json()['task_id']}/cancel")
    running = _ended(served_on_both, FrameOptions(5), "frames", "running")
    early = ada.post("/labeling?wait=0", json={"folder_path": f"frames/{running}"})
    assert (early.status_code, early.json()["code"]) == (409, "not_analysed")


@pytest.mark.parametrize(
    ("pipeline", "options"),
    [
        ("video", AnalysisOptions(model="pet_hotel@1")),
        ("video", AnalysisOptions(model="pet_hotel@1", num_frames=5, loop="label")),
        ("reanalysis", AnalysisOptions(model="pet_hotel@1", num_frames=5)),
    ],
)
def test_who_extracted_no_frames_has_none(
    served_on_both: Service, pipeline: str, options: AnalysisOptions
) -> None:
    task_id = _ended(served_on_both, options, pipeline)
    body = {"folder_path": f"frames/{task_id}"}
    answer = served_on_both.client().post("/labeling?wait=0", json=body)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_folder")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"folder_path": "/visits"}, 400, "bad_path"),
        ({"folder_path": "/etc"}, 400, "bad_path"),
        ({"folder_path": "../bob/visits"}, 400, "bad_path"),
        ({"folder_path": "visits/../../bob"}, 400, "bad_path"),
        ({"folder_path": "."}, 400, "bad_path"),
        ({"folder_path": "/"}, 400, "bad_path"),
        ({"folder_path": "a//b"}, 400, "bad_path"),
        ({"folder_path": "a\\b"}, 400, "bad_path"),
        ({"folder_path": "a\0b"}, 400, "bad_path"),
        ({"folder_path": "x" * 201}, 400, "bad_path"),
        ({"folder_path": ""}, 400, "invalid_request"),
        ({"folder_path": 7}, 400, "invalid_request"),
        ({"folder_path": "nowhere"}, 404, "no_such_folder"),
        ({"folder_path": "empty"}, 404, "no_such_folder"),
        ({"folder_path": "theirs"}, 404, "no_such_folder"),
        ({"folder_path": "frames/0198"}, 404, "no_such_folder"),
        ({"folder_path": "good/a.jpg"}, 400, "bad_folder"),
        ({"folder_path": "mixed"}, 400, "bad_folder"),
        ({"folder_path": "hollow"}, 400, "bad_folder"),
        ({"folder_path": "many"}, 400, "bad_folder"),
        ({"folder_path": "huge"}, 413, "too_many_bytes"),
        ({"folder_path": "good", "task_id": "0198"}, 404, "no_such_task"),
        ({"folder_path": "good", "model": "nobody"}, 422, "unknown_model"),
        ({"folder_path": "good", "num_frames": 0}, 422, "invalid_option"),
        ({"folder_path": "good", "user_id": "bob"}, 403, "scope_missing"),
        ({"folder_path": "good", "recursive": True}, 400, "invalid_request"),
        ({"model": "pet_hotel"}, 422, "invalid_option"),
    ],
)
def test_a_folder_that_cannot_be_labelled_is_refused_at_once(
    served_on_both: Service, monkeypatch: pytest.MonkeyPatch, body: dict[str, object],
    status: int, code: str,
) -> None:  # fmt: skip
    monkeypatch.setattr(picture_folder, "MOST_PICTURES", 2)
    monkeypatch.setattr(picture_folder, "LARGEST_PICTURE", len(_PICTURE))
    (served_on_both.paths.area("ada") / "empty").mkdir(parents=True)
    _put(served_on_both, "theirs/a.jpg", owner="bob")
    _put(served_on_both, "good/a.jpg")
    _put(served_on_both, "mixed/a.jpg")
    _put(served_on_both, "mixed/clip.mp4")
    _put(served_on_both, "hollow/a.jpg", b"")
    _put(served_on_both, "huge/a.jpg", _PICTURE + b"1")
    for number in range(3):
        _put(served_on_both, f"many/{number}.jpg")
    ada = served_on_both.client()
    answer = ada.post("/labeling?wait=0", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert ada.get("/tasks").json()["tasks"] == []


def test_the_boxes_of_chosen_frames_are_those_of_the_analysis(served_on_both: Service) -> None:
    analysis = _ended(served_on_both, AnalysisOptions(model="pet_hotel@1"), "video")
    body = {"task_id": analysis, "model": "pet_hotel"}
    answer = served_on_both.client().post("/labeling?wait=0", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_option")


def test_who_may_act_for_another_labels_in_the_others_area(served_on_both: Service) -> None:
    _put(served_on_both, "theirs/a.jpg", owner="bob")
    robot = served_on_both.client("robot", "read", "write", "act-as")
    asked = robot.post("/labeling?wait=0", json={"folder_path": "theirs", "user_id": "bob"})
    assert asked.status_code == 202
    assert _task(served_on_both, asked.json()["task_id"])[0] == "storage:areas/bob/theirs/"
