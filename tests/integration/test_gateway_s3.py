"""The gateway over a bucket: what comes in, what goes out, whose it is, and that it goes again."""

from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api_gateway.gateway import Gateway
from api_gateway.main import create_app
from shared.db.database import Database
from shared.db.tables import ArtefactRow
from shared.domain.task import AnalysisOptions, TaskState
from shared.inference.models import model_store
from shared.progress.adapters import open_board
from shared.storage.adapters import open_storage
from shared.storage.erasure import erase_files
from shared.storage.orphans import old_uploads, remove_upload
from shared.tasks.erase import finish_erasures
from shared.tasks.orphans import Uploads, remove_orphans
from shared.tasks.submit import Submission, submit_task
from tests.support.databases import SqliteFiles
from tests.support.gateway import Service
from tests.support.rows import stored_task
from tests.support.s3_server import S3Server, s3_settings

CONTENT = b"frame_index,time_seconds\n" + b"0,0.0\n" * 100
OLD = "0195f3a0-0000-7000-8000-000000000001"


@pytest.fixture
def served(url: str, sqlite_files: SqliteFiles, tmp_path: Path) -> Iterator[Service]:
    settings = s3_settings(url, tmp_path / "cache")
    with (
        sqlite_files.fresh(tmp_path) as database_url,
        closing(Database(database_url)) as database,
        open_board("memory://") as board,
    ):
        gateway = Gateway(settings, database, model_store(settings), open_storage(settings), board)
        yield Service(gateway, TestClient(create_app(gateway), raise_server_exceptions=False))


@pytest.fixture
def task_id(served: Service, tmp_path: Path) -> str:
    """A task of ada's with two files."""
    task_id = stored_task(served.gateway.database)
    (tmp_path / "file").write_bytes(CONTENT)
    with served.gateway.database.begin() as unit:
        for name in ("results.csv", "chunks/result é 1.json"):
            key = f"videos/{task_id}/.attempt/1-write-0/{name}"
            served.gateway.storage.send(tmp_path / "file", key)
            unit.artefacts.replace(
                ArtefactRow(
                    task_id=task_id, step="write", name=name, fence=1, size=len(CONTENT), key=key,
                    sha256=sha256(CONTENT).hexdigest(),
                )
            )  # fmt: skip
    return task_id


def test_an_upload_lies_in_the_bucket_and_its_row_says_where(
    served: Service, server: S3Server, url: str, tmp_path: Path
) -> None:
    content = bytes(range(256)) * 65536
    answer = served.client().post("/tasks/upload", files={"file": ("a.mp4", content)})
    assert answer.status_code == 202
    task_id = answer.json()["task_id"]
    assert server.keys(url) == [f"videos/{task_id}/source"]
    with served.gateway.database.read() as unit:
        (row,) = unit.artefacts.of(task_id)
    assert (row.name, row.size, row.sha256) == (
        "source", len(content), sha256(content).hexdigest(),
    )  # fmt: skip
    assert b"".join(served.gateway.storage.read(row.key)) == content
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_a_refused_upload_leaves_nothing(
    served: Service, server: S3Server, url: str, tmp_path: Path
) -> None:
    client = served.client()
    for fields in ({"options": '{"model": "unicorn"}'}, {"options": "{"}, {"user_id": "bob"}):
        answer = client.post("/tasks/upload", files={"file": ("a.mp4", b"film")}, data=fields)
        assert answer.status_code >= 400
    assert client.post("/tasks/upload", files={"file": ("a", b"")}).status_code == 400
    assert server.keys(url) == []
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_the_same_upload_under_one_key_is_one_object(
    served: Service, server: S3Server, url: str
) -> None:
    client = served.client()
    client.headers["idempotency-key"] = "once"
    answers = [client.post("/tasks/upload", files={"file": ("a", b"film")}) for _ in range(2)]
    assert len({answer.json()["task_id"] for answer in answers}) == 1
    assert len(server.keys(url)) == 1


def test_results_come_whole_with_their_hash(served: Service, task_id: str) -> None:
    client = served.client()
    for artefact in client.get(f"/tasks/{task_id}/results").json()["artefacts"]:
        answer = client.get(artefact["url"])
        assert answer.status_code == 200
        assert answer.content == CONTENT
        assert answer.headers["etag"] == f'"{artefact["sha256"]}"'
        assert answer.headers["content-length"] == str(len(CONTENT))
        assert answer.headers["accept-ranges"] == "bytes"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith(artefact["media_type"])
        assert "result" in answer.headers["content-disposition"]
    assert served.client("bob").get(artefact["url"]).status_code == 404


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None),
     ("bytes=600-99999", 600, None), ("bytes=-9999", 0, None)],
)  # fmt: skip
def test_a_range_is_a_part(
    served: Service, task_id: str, asked: str, start: int, stop: int | None
) -> None:
    path, client = f"/tasks/{task_id}/results/results.csv", served.client()
    answer = client.get(path, headers={"range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[start:stop])
    assert answer.headers["content-length"] == str(len(answer.content))
    first = len(CONTENT[: start or 0]) if start >= 0 else len(CONTENT) + start
    last = first + len(answer.content) - 1
    assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    for same, status in ((answer.headers["etag"], 206), ('"other"', 200)):
        again = client.get(path, headers={"range": asked, "if-range": same})
        assert again.status_code == status


@pytest.mark.parametrize("asked", ["frames=1-2", "bytes=a-b", "bytes=1-2,5-6", "bytes=-", "x"])
def test_a_range_that_is_none_gives_the_whole(served: Service, task_id: str, asked: str) -> None:
    path = f"/tasks/{task_id}/results/results.csv"
    answer = served.client().get(path, headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


def test_a_range_behind_the_end_is_416(served: Service, task_id: str) -> None:
    path = f"/tasks/{task_id}/results/results.csv"
    answer = served.client().get(path, headers={"range": "bytes=625-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_file_that_is_gone_is_404(served: Service, task_id: str) -> None:
    served.gateway.storage.delete_under(f"videos/{task_id}/")
    answer = served.client().get(f"/tasks/{task_id}/results/results.csv")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_artefact")


def test_files_of_areas_are_looked_up_in_the_bucket(served: Service, tmp_path: Path) -> None:
    client = served.client()
    missing = client.post("/tasks", json={"file_path": "clips/a.mp4"})
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_file")
    (tmp_path / "film").write_bytes(b"film")
    served.gateway.storage.send(tmp_path / "film", "areas/ada/clips/a.mp4")
    assert client.post("/tasks", json={"file_path": "clips/a.mp4"}).status_code == 202
    others = served.client("bob").post("/tasks", json={"file_path": "clips/a.mp4"})
    assert others.status_code == 404


def test_an_erased_task_leaves_nothing_in_the_bucket(
    served: Service, task_id: str, server: S3Server, url: str
) -> None:
    storage, database = served.gateway.storage, served.gateway.database
    assert len(server.keys(url)) == 2
    with database.begin() as unit:
        row = unit.tasks.lock(task_id)
        assert row is not None
        row.state = TaskState.SUCCEEDED
    assert served.client().delete(f"/tasks/{task_id}").status_code < 300
    assert finish_erasures(database, lambda it: erase_files(storage, it.task_id, it.keys)) == 1
    assert server.keys(url) == []


def test_an_upload_that_no_task_knows_is_removed_after_a_day(
    served: Service, server: S3Server, url: str, tmp_path: Path
) -> None:
    storage, database = served.gateway.storage, served.gateway.database
    (tmp_path / "film").write_bytes(b"film")
    known = OLD[:-1] + "2"
    with database.begin() as unit:
        young = submit_task(unit, Submission("ada", "upload:a", AnalysisOptions()))
        submit_task(unit, Submission("ada", "upload:a", AnalysisOptions(), task_id=known))
    analysed = OLD[:-1] + "3"
    kept = [f"videos/{known}/source", f"videos/{young}/source",
            f"videos/{analysed}/source", f"videos/{analysed}/.attempt/1-a-0/x"]  # fmt: skip
    for key in (*kept, f"videos/{OLD}/source"):
        storage.send(tmp_path / "film", key)
    uploads = Uploads(
        lambda before: old_uploads(storage, before), lambda task: remove_upload(storage, task)
    )
    remove_orphans(database, uploads)
    assert set(server.keys(url)) == set(kept)
