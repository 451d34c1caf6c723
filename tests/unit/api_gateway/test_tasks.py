"""Submit, list, look at, cancel and erase tasks over HTTP."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway import Service

URL = "https://example.org/a.mp4?signature=secret"


def test_a_submission_can_be_looked_at(served: Service) -> None:
    client = served.client()
    answer = client.post("/tasks/", json={"file_path": URL, "options": {"frame_skip": 2}})
    assert answer.status_code == 202
    task = client.get(answer.json()["status_url"]).json()
    assert (task["state"], task["percent"], task["progress"]) == ("queued", 0, None)
    assert task == client.get(f"/api/v1/tasks/{task['task_id']}").json()
    assert "secret" not in str(task)


def test_the_model_is_pinned_to_its_version(served: Service) -> None:
    task_id = served.client().post("/tasks", json={"file_path": URL}).json()["task_id"]
    with served.gateway.database.read() as unit:
        row = unit.tasks.get(task_id)
    assert row is not None
    assert row.options["model"] == "pet_hotel@1"


def test_the_same_key_gives_the_same_task_and_another_request_a_conflict(
    served_on_both: Service,
) -> None:
    client, keyed = served_on_both.client(), {"idempotency-key": "once"}
    first = client.post("/tasks", json={"file_path": URL}, headers=keyed).json()
    assert client.post("/tasks", json={"file_path": URL}, headers=keyed).json() == first
    other = client.post("/tasks", json={"file_path": URL, "options": {"iou": 0.5}}, headers=keyed)
    assert (other.status_code, other.json()["code"]) == (409, "idempotency_key_reused")
    assert len(client.get("/tasks").json()["tasks"]) == 1


@pytest.mark.parametrize(
    ("options", "code", "field"),
    [
        ({"confidence": 1.5}, "invalid_option", "options.confidence"),
        ({"confidence": "high"}, "invalid_option", "options.confidence"),
        ({"iou": 0}, "invalid_option", "options.iou"),
        ({"frame_skip": -1}, "invalid_option", "options.frame_skip"),
        ({"max_frames": 0}, "invalid_option", "options.max_frames"),
        ({"tracker": "best"}, "invalid_option", "options.tracker"),
        ({"loop": "twice"}, "invalid_option", "options.loop"),
        ({"num_frames": 1e9}, "invalid_option", "options.num_frames"),
        ({"confidenze": 0.5}, "invalid_option", "options.confidenze"),
        ({"classes": ["unicorn"]}, "unknown_class", "classes"),
        ({"model": "unicorn"}, "unknown_model", "model"),
    ],
)
def test_a_wrong_option_is_named(
    served: Service, options: dict[str, Any], code: str, field: str
) -> None:
    client = served.client()
    answer = client.post("/tasks", json={"file_path": URL, "options": options})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert problem["detail"].startswith(f"{field}: ")
    assert client.get("/tasks").json()["tasks"] == []


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"null", b'{"file_path": 3}', b'{"file_path": ""}', b"{}",
        b'{"file_path": "https://example.org/a.mp4", "secret": 1}',
    ],
)  # fmt: skip
def test_bad_data_is_400(served: Service, body: bytes) -> None:
    answer = served.client().post(
        "/tasks", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("ftp://example.org/a.mp4", "unknown_scheme"),
        ("https://user:hunter2@example.org/a.mp4", "credentials_in_url"),
        ("https://", "bad_url"),
        ("/etc/passwd", "path_not_allowed"),
        ("file:///etc/passwd", "path_not_allowed"),
        ("../ada/a.mp4", "bad_path"),
        ("a/../../b.mp4", "bad_path"),
        ("storage:areas/bob/a.mp4", "unknown_scheme"),
        ("upload:a.mp4", "unknown_scheme"),
        ("a\0b.mp4", "bad_path"),
    ],
)
def test_a_source_that_may_not_be_read_is_refused(served: Service, source: str, code: str) -> None:
    answer = served.client().post("/tasks", json={"file_path": source})
    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert "hunter2" not in answer.text


def test_local_files_are_closed_unless_folders_are_named(served: Service, tmp_path: Path) -> None:
    films = tmp_path / "films"
    films.mkdir()
    (films / "a.mp4").write_bytes(b"x")
    (films / "out.mp4").symlink_to("/etc/passwd")
    client = served.client()
    assert client.post("/tasks", json={"file_path": f"{films}/a.mp4"}).status_code == 202
    link = client.post("/tasks", json={"file_path": f"{films}/out.mp4"})
    assert (link.status_code, link.json()["code"]) == (400, "path_not_allowed")
    gone = client.post("/tasks", json={"file_path": f"{films}/b.mp4"})
    assert (gone.status_code, gone.json()["code"]) == (404, "no_such_file")


def test_a_list_goes_page_by_page(served_on_both: Service) -> None:
    client = served_on_both.client()
    ids = [client.post("/tasks", json={"file_path": URL}).json()["task_id"] for _ in range(5)]
    client.post(f"/tasks/{ids[0]}/cancel")
    first = client.get("/tasks", params={"limit": 3}).json()
    rest = client.get("/tasks", params={"limit": 3, "before": first["next"]}).json()
    assert [task["task_id"] for task in first["tasks"] + rest["tasks"]] == ids[::-1]
    assert rest["next"] is None
    cancelled = client.get("/tasks", params={"state": "cancelled"}).json()["tasks"]
    assert [task["task_id"] for task in cancelled] == ids[:1]
    both = client.get("/tasks", params={"state": ["cancelled", "queued"]}).json()["tasks"]
    assert len(both) == 5


def test_cancel_ends_a_task_once(served_on_both: Service) -> None:
    client = served_on_both.client()
    task_id = client.post("/tasks", json={"file_path": URL}).json()["task_id"]
    for _ in range(2):
        answer = client.post(f"/tasks/{task_id}/cancel")
        assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    names = [entry["name"] for entry in client.get(f"/tasks/{task_id}/timeline").json()["entries"]]
    assert names == ["task.submitted.v1", "task.cancelled.v1"]


def test_an_erased_task_is_gone(served_on_both: Service) -> None:
    client = served_on_both.client()
    task_id = client.post("/tasks", json={"file_path": URL}).json()["task_id"]
    assert client.delete(f"/tasks/{task_id}").status_code == 204
    assert client.get(f"/status/{task_id}").status_code == 404
    assert client.delete(f"/tasks/{task_id}").status_code == 404


@pytest.mark.parametrize("task_id", ["x", "a" * 500, "%00", "..%2f", "'--"])
def test_an_id_that_is_none_is_not_found(served_on_both: Service, task_id: str) -> None:
    assert served_on_both.client().get(f"/status/{task_id}").status_code == 404


def test_unknown_paths_and_methods_are_problems_too(served: Service) -> None:
    nowhere = served.anonymous.get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_path")
    wrong = served.anonymous.put("/tasks")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert wrong.headers["allow"]


def test_a_body_beyond_all_reason_is_refused(served: Service) -> None:
    answer = served.client().post("/tasks", json={"file_path": "a" * (1 << 21)})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_bytes")
