"""Health, the OpenAPI document, other origins."""

from pathlib import Path

from fastapi.testclient import TestClient

from api_gateway.main import create_app
from shared.db.database import Database
from shared.progress.adapters import open_board
from tests.support.gateway import Service, service


def test_health_needs_no_key(served: Service) -> None:
    for path in ("/health", "/api/v1/health", "/health/"):
        answer = served.anonymous.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, "ok")


def test_health_names_what_has_ended(served: Service) -> None:
    client = TestClient(create_app(served.gateway, lambda: ["relay"]))
    answer = client.get("/health")
    assert answer.status_code == 503
    assert answer.json()["workers"] == "ended: relay"


def test_health_says_when_the_database_is_away(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://postgres@127.0.0.1:1/none")
    with open_board("memory://") as board:
        answer = service(database, board, tmp_path).anonymous.get("/health")
    assert answer.status_code == 503
    assert answer.json()["database"] == "does not answer"


def test_while_the_database_is_away_requests_are_told_to_come_later(tmp_path: Path) -> None:
    database = Database("postgresql+psycopg://postgres@127.0.0.1:1/none")
    with open_board("memory://") as board:
        client = service(database, board, tmp_path).anonymous
        answer = client.get("/tasks", headers={"x-api-key": "k" * 43})
    assert (answer.status_code, answer.json()["code"]) == (503, "database_unreachable")
    assert int(answer.headers["retry-after"]) > 0


def test_other_origins_read_answers_only_where_they_are_named(
    database: Database, tmp_path: Path
) -> None:
    with open_board("memory://") as board:
        origins = ("https://hotel.example",)
        open_one = service(database, board, tmp_path / "a", cors_origins=origins).anonymous
        closed_one = service(database, board, tmp_path / "b").anonymous
    headers = {"origin": "https://hotel.example"}
    allowed = "access-control-allow-origin"
    assert open_one.get("/health", headers=headers).headers[allowed] == "https://hotel.example"
    assert allowed not in open_one.get("/health", headers={"origin": "https://x"}).headers
    assert allowed not in closed_one.get("/health", headers=headers).headers


def test_every_operation_states_its_refusals(served: Service) -> None:
    document = served.anonymous.get("/openapi.json").json()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert {"400", "401", "404", "422"} <= operation["responses"].keys(), (method, path)
            assert operation["summary"]
