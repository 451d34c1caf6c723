"""The files of a task, whole and by ranges."""

from hashlib import sha256

import pytest
from fastapi.testclient import TestClient

from shared.db.tables import ArtefactRow
from tests.support.gateway import Service
from tests.support.rows import stored_task

CONTENT = b"frame_index,time_seconds\n" + b"0,0.0\n" * 100


@pytest.fixture
def task_id(served: Service) -> str:
    """A task of ada's with two files."""
    task_id = stored_task(served.gateway.database)
    with served.gateway.database.begin() as unit:
        for name in ("results.csv", "chunks/result chunk 1.json"):
            file = served.paths.results(task_id, "m@1") / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(CONTENT)
            unit.artefacts.replace(
                ArtefactRow(
                    task_id=task_id, step="write_csv", name=name, fence=1, size=len(CONTENT),
                    key=str(file.relative_to(served.paths.root)),
                    sha256=sha256(CONTENT).hexdigest(),
                )
            )  # fmt: skip
    return task_id


@pytest.fixture
def client(served: Service) -> TestClient:
    """Ada."""
    return served.client()


def test_every_listed_file_can_be_had(client: TestClient, task_id: str) -> None:
    artefacts = client.get(f"/tasks/{task_id}/results").json()["artefacts"]
    assert [artefact["name"] for artefact in artefacts] == [
        "chunks/result chunk 1.json", "results.csv",
    ]  # fmt: skip
    for artefact in artefacts:
        answer = client.get(artefact["url"])
        assert answer.content == CONTENT
        assert sha256(answer.content).hexdigest() == artefact["sha256"]
        assert answer.headers["etag"] == f'"{artefact["sha256"]}"'
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-type"].startswith(artefact["media_type"])


@pytest.mark.parametrize(
    ("asked", "start", "stop"),
    [("bytes=0-9", 0, 10), ("bytes=100-", 100, None), ("bytes=-7", -7, None),
     ("bytes=600-99999", 600, None)],
)  # fmt: skip
def test_a_range_is_a_part(
    client: TestClient, task_id: str, asked: str, start: int, stop: int | None
) -> None:
    answer = client.get(f"/tasks/{task_id}/results/results.csv", headers={"range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:stop]
    assert answer.headers["content-range"].endswith(f"/{len(CONTENT)}")


@pytest.mark.parametrize("asked", ["frames=1-2", "bytes=a-b", "bytes=1-2,5-6", "bytes=-", "x"])
def test_a_range_that_is_none_gives_the_whole(client: TestClient, task_id: str, asked: str) -> None:
    answer = client.get(f"/tasks/{task_id}/results/results.csv", headers={"range": asked})
    assert (answer.status_code, answer.content) == (200, CONTENT)


@pytest.mark.parametrize("asked", ["bytes=625-", "bytes=-0", "bytes=99999999999-"])
def test_a_range_behind_the_end_is_416(client: TestClient, task_id: str, asked: str) -> None:
    answer = client.get(f"/tasks/{task_id}/results/results.csv", headers={"range": asked})
    assert (answer.status_code, answer.json()["code"]) == (416, "range_outside_file")
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


def test_a_range_of_another_version_gives_the_whole(client: TestClient, task_id: str) -> None:
    headers = {"range": "bytes=5-", "if-range": '"another"'}
    answer = client.get(f"/tasks/{task_id}/results/results.csv", headers=headers)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    headers["if-range"] = f'"{sha256(CONTENT).hexdigest()}"'
    answer = client.get(f"/tasks/{task_id}/results/results.csv", headers=headers)
    assert (answer.status_code, answer.content) == (206, CONTENT[5:])


@pytest.mark.parametrize(
    "name", ["none.csv", "../../../etc/passwd", "..%2f..%2fservice.json", "%2fetc%2fpasswd", "%00"]
)
def test_only_names_of_the_task_are_files(client: TestClient, task_id: str, name: str) -> None:
    answer = client.get(f"/tasks/{task_id}/results/{name}")
    assert answer.status_code == 404


def test_a_file_that_was_erased_meanwhile_is_not_found(
    served: Service, client: TestClient, task_id: str
) -> None:
    (served.paths.results(task_id, "m@1") / "results.csv").unlink()
    answer = client.get(f"/tasks/{task_id}/results/results.csv")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_artefact")
