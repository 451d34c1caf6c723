"""A video that comes with the request: streamed, whole or not at all."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from shared.db.database import Database
from shared.progress.adapters import open_board
from tests.support.gateway import Service, service


def _files(served: Service) -> list[Path]:
    return [path for path in served.paths.root.rglob("*") if path.is_file()]


def _upload(client: TestClient, content: bytes = b"film", **fields: str) -> tuple[int, str]:
    answer = client.post("/tasks/upload", files={"file": ("a.mp4", content)}, data=fields)
    return answer.status_code, answer.json().get("code") or answer.json()["task_id"]


def test_an_uploaded_video_lies_where_its_task_looks(served: Service) -> None:
    content = bytes(range(256)) * 4096
    status, task_id = _upload(served.client(), content, options=json.dumps({"max_frames": 3}))
    assert status == 202
    assert served.paths.source(task_id).read_bytes() == content
    with served.gateway.database.read() as unit:
        row = unit.tasks.get(task_id)
    assert row is not None
    assert (row.source, row.options["max_frames"]) == ("upload:a.mp4", 3)


def test_an_upload_in_anothers_name_needs_the_scope(served: Service) -> None:
    assert _upload(served.client(), user_id="bob") == (403, "scope_missing")
    assert _files(served) == []


@pytest.mark.parametrize(
    ("options", "status", "code"),
    [
        ('{"confidence": 2}', 422, "invalid_option"),
        ('{"model": "unicorn"}', 422, "unknown_model"),
        ("{", 422, "invalid_option"),
        ("x" * (1 << 21), 400, "bad_form"),
    ],
)
def test_wrong_options_leave_nothing(served: Service, options: str, status: int, code: str) -> None:
    assert _upload(served.client(), options=options) == (status, code)
    assert _files(served) == []


def test_a_form_without_a_file_is_refused(served: Service) -> None:
    client = served.client()
    empty = client.post("/tasks/upload", files={"file": ("a.mp4", b"")})
    assert (empty.status_code, empty.json()["code"]) == (400, "empty_file")
    other = client.post("/tasks/upload", files={"film": ("a.mp4", b"x")})
    assert (other.status_code, other.json()["code"]) == (400, "bad_form")
    no_form = client.post("/tasks/upload", json={"file": "x"})
    assert (no_form.status_code, no_form.json()["code"]) == (400, "bad_form")
    twice = client.post("/tasks/upload", files=[("file", ("a", b"x")), ("file", ("b", b"y"))])
    assert (twice.status_code, twice.json()["code"]) == (400, "bad_form")
    assert _files(served) == []


def test_a_form_that_breaks_off_is_refused(served: Service) -> None:
    body = b'--edge\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nhalf a fi'
    answer = served.client().post(
        "/tasks/upload", content=body,
        headers={"content-type": "multipart/form-data; boundary=edge"},
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_form")
    assert _files(served) == []


def test_an_upload_above_the_limit_is_refused(database: Database, tmp_path: Path) -> None:
    with open_board("memory://") as board:
        served = service(database, board, tmp_path / "storage", max_video_bytes=1000)
    assert _upload(served.client(), b"x" * 1001) == (413, "too_many_bytes")
    announced = served.client().post(
        "/tasks/upload", content=b"",
        headers={"content-type": "multipart/form-data; boundary=x", "content-length": "9" * 12},
    )  # fmt: skip
    assert announced.status_code == 413

    def endless() -> Iterator[bytes]:
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(10_000):
            yield b"y" * 10_000

    chunked = served.client().post(
        "/tasks/upload", content=endless(),
        headers={"content-type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    assert (chunked.status_code, chunked.json()["code"]) == (413, "too_many_bytes")
    assert _files(served) == []


def test_the_same_upload_under_one_key_is_one_task_and_one_file(served: Service) -> None:
    client = served.client()
    client.headers["idempotency-key"] = "once"
    first = _upload(client)
    assert _upload(client) == first
    assert _upload(client, b"another film") == (409, "idempotency_key_reused")
    assert len(_files(served)) == 1


@pytest.mark.parametrize(
    ("given", "kept"),
    [("../../etc/passwd", "passwd"), ("C:\\films\\a.mp4", "a.mp4"), ("..", "video")],
)  # fmt: skip
def test_a_file_name_is_only_a_name(served: Service, given: str, kept: str) -> None:
    answer = served.client().post("/tasks/upload", files={"file": (given, b"x")})
    with served.gateway.database.read() as unit:
        row = unit.tasks.get(answer.json()["task_id"])
    assert row is not None
    assert row.source == f"upload:{kept}"
