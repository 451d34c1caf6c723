"""A task's status over a WebSocket."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from fastapi.testclient import TestClient
from starlette.testclient import WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from shared.domain.task import TaskState
from shared.tasks.cancel import cancel_task
from tests.support.gateway import Service
from tests.support.rows import stored_task


@contextmanager
def _watching(client: TestClient, path: str) -> Iterator[WebSocketTestSession]:
    with client.websocket_connect(path) as socket:
        yield socket


def test_changes_come_until_the_end(served: Service) -> None:
    task_id = stored_task(served.gateway.database)
    with _watching(served.client(), f"/ws/tasks/{task_id}") as socket:
        assert socket.receive_json()["state"] == "queued"
        served.gateway.progress.report(task_id, "download", 5, 10, "bytes")
        progress = socket.receive_json()["progress"]
        assert (progress["step"], progress["done"], progress["percent"]) == ("download", 5, 50)
        with served.gateway.database.begin() as unit:
            cancel_task(unit, "ada", task_id)
        assert socket.receive_json()["state"] == "cancelled"
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_json()
    assert closed.value.code == 1000


def test_a_browser_gives_its_key_in_the_path_or_the_first_message(served: Service) -> None:
    key = served.key("ada", "read")
    task_id = stored_task(served.gateway.database, state=TaskState.SUCCEEDED)
    with _watching(served.anonymous, f"/ws/tasks/{task_id}?key={key}") as socket:
        assert socket.receive_json()["state"] == "succeeded"
    with _watching(served.anonymous, f"/api/v1/ws/tasks/{task_id}") as socket:
        socket.send_json({"key": key})
        assert socket.receive_json()["state"] == "succeeded"


def test_a_refusal_says_why(served: Service) -> None:
    task_id = stored_task(served.gateway.database)
    cases = [
        (served.anonymous, f"/ws/tasks/{task_id}?key=guess", 4401, "key_unknown"),
        (served.client("ada", "write"), f"/ws/tasks/{task_id}", 4403, "scope_missing"),
        (served.client("bob"), f"/ws/tasks/{task_id}", 4404, "no_such_task"),
        (served.client("ada"), "/ws/tasks/none", 4404, "no_such_task"),
    ]
    for client, path, code, reason in cases:
        with _watching(client, path) as socket:
            assert socket.receive_json()["code"] == reason
            with pytest.raises(WebSocketDisconnect) as closed:
                socket.receive_json()
        assert closed.value.code == code


@pytest.mark.parametrize("message", ["", "{}", "[]", '{"key": 3}', "nonsense"])
def test_a_first_message_without_a_key_is_refused(served: Service, message: str) -> None:
    with _watching(served.anonymous, "/ws/tasks/x") as socket:
        socket.send_text(message)
        assert socket.receive_json()["code"] == "bad_message"


def test_a_first_message_of_bytes_is_refused(served: Service) -> None:
    with _watching(served.anonymous, "/ws/tasks/x") as socket:
        socket.send_bytes(b"\x00")
        assert socket.receive_json()["code"] == "bad_message"
