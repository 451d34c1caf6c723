"""Who may do what: keys, scopes, owners."""

from datetime import UTC, datetime

import pytest

from tests.support.gateway import Service

URL = "https://example.org/a.mp4"
CLOSED = [
    ("GET", "/tasks"),
    ("POST", "/tasks"),
    ("POST", "/tasks/upload"),
    ("GET", "/tasks/x"),
    ("GET", "/status/x"),
    ("POST", "/tasks/x/cancel"),
    ("DELETE", "/tasks/x"),
    ("GET", "/tasks/x/results"),
    ("GET", "/tasks/x/results/results.csv"),
    ("GET", "/tasks/x/timeline"),
    ("GET", "/tasks/x/tracks"),
    ("POST", "/video/download"),
    ("POST", "/video/upload"),
    ("POST", "/video/extract-frames"),
    ("GET", "/models"),
    ("POST", "/models/pet_hotel/inference"),
    ("POST", "/labeling"),
    ("GET", "/labeling/x"),
    ("POST", "/labeling/x/confirm"),
    ("POST", "/training"),
    ("GET", "/training/x"),
    ("POST", "/deployments"),
    ("GET", "/notifications"),
    ("POST", "/notifications/x/retry"),
    ("GET", "/notifications/rules"),
    ("POST", "/notifications/rules"),
    ("DELETE", "/notifications/rules/x"),
]


def _body(method: str) -> dict[str, object]:
    return {"json": {"file_path": URL}} if method == "POST" else {}


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("prefix", ["", "/api/v1"])
def test_nothing_is_answered_without_a_key(
    served: Service, method: str, path: str, prefix: str
) -> None:
    body = {
        "file_path": URL, "download_path": "a", "upload_path": "a", "num_frames": 1,
        "data_path": "a", "task_id": "0198",
    }  # fmt: skip
    wanted = {"/tasks": ["file_path"], "/video/download": ["file_path", "download_path"],
              "/video/upload": ["file_path", "upload_path"],
              "/video/extract-frames": ["file_path", "num_frames"],
              "/models/pet_hotel/inference": ["data_path"], "/notifications/rules": [],
              "/labeling": ["task_id"],
              "/training": ["data_path"], "/deployments": ["task_id"]}  # fmt: skip
    json = {name: body[name] for name in wanted.get(path, [])} if method == "POST" else None
    answer = served.anonymous.request(method, prefix + path, json=json)
    assert answer.status_code == 401
    assert answer.json()["code"] == "key_missing"
    assert answer.headers["www-authenticate"]
    unknown = served.anonymous.request(
        method, prefix + path, json=json, headers={"x-api-key": "guess"}
    )
    assert (unknown.status_code, unknown.json()["code"]) == (401, "key_unknown")


def test_every_path_but_health_is_in_the_table_of_closed_ones(served: Service) -> None:
    document = served.anonymous.get("/openapi.json").json()
    found = {
        (method.upper(), path.replace("{task_id}", "x").replace("{name}", "results.csv")
         .replace("{model}", "pet_hotel").replace("{rule_id}", "x")
         .replace("{notification_id}", "x"))
        for path, methods in document["paths"].items() for method in methods
    }  # fmt: skip
    # The labelling tool has a secret of its own for each project.
    assert found - {("GET", "/health"), ("POST", "/labeling/webhooks/x")} == set(CLOSED)


def test_a_revoked_key_opens_nothing(served: Service) -> None:
    client = served.client()
    assert client.get("/tasks").status_code == 200
    with served.gateway.database.begin() as unit:
        row = unit.api_keys.find(client.headers["x-api-key"])
        assert row is not None
        unit.api_keys.revoke(row.id, datetime.now(UTC))
    assert client.get("/tasks").status_code == 401


def test_a_key_that_may_only_read_changes_nothing(served: Service) -> None:
    reader = served.client("ada", "read")
    answer = reader.post("/tasks", json={"file_path": URL})
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert reader.get("/tasks").json()["tasks"] == []


def test_what_belongs_to_someone_else_is_not_there(served: Service) -> None:
    task_id = served.client("ada").post("/tasks", json={"file_path": URL}).json()["task_id"]
    stranger = served.client("bob")
    for method, path in (
        ("GET", f"/status/{task_id}"),
        ("GET", f"/tasks/{task_id}/results"),
        ("GET", f"/tasks/{task_id}/results/results.csv"),
        ("GET", f"/tasks/{task_id}/timeline"),
        ("GET", f"/tasks/{task_id}/tracks"),
        ("POST", f"/tasks/{task_id}/cancel"),
        ("DELETE", f"/tasks/{task_id}"),
    ):
        answer = stranger.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_task"), path
    assert stranger.get("/tasks").json()["tasks"] == []


def test_acting_for_another_needs_the_scope(served: Service) -> None:
    asked = {"file_path": URL, "user_id": "bob"}
    refused = served.client("ada").post("/tasks", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    agent = served.client("agent", "read", "write", "act-as")
    task_id = agent.post("/tasks", json=asked).json()["task_id"]
    assert served.client("bob").get(f"/status/{task_id}").status_code == 200
    assert agent.get(f"/status/{task_id}").status_code == 404
    assert agent.get(f"/status/{task_id}", params={"user_id": "bob"}).status_code == 200


@pytest.mark.parametrize("user_id", ["../ada", "a/b", "", "A B", "a" * 101, "ada\0"])
def test_a_user_id_is_a_plain_name(served: Service, user_id: str) -> None:
    agent = served.client("agent", "read", "write", "act-as")
    answer = agent.post("/tasks", json={"file_path": URL, "user_id": user_id})
    assert answer.status_code == 400
