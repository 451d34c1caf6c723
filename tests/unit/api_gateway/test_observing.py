"""Requests are counted by route, and their id goes along with the task."""

from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from tests.support.gateway import Service
from tests.support.videos import make_video


def _count(route: str, status: int) -> float:
    labels = {"method": "GET", "route": route, "status": str(status)}
    return REGISTRY.get_sample_value("trackloop_request_seconds_count", labels) or 0


@pytest.mark.parametrize("slash", ["", "/"])
def test_requests_are_counted_by_the_pattern_of_their_route(served: Service, slash: str) -> None:
    before = _count("/tasks/{task_id}", 404)
    served.client().get(f"/tasks/no-such-task{slash}")
    assert _count("/tasks/{task_id}", 404) == before + 1


def test_invented_paths_make_no_new_series(served: Service) -> None:
    before = _count("none", 404)
    for number in range(3):
        served.client().get(f"/wp-admin-{number}")
    assert _count("none", 404) == before + 3


def test_a_task_keeps_the_correlation_id_of_its_request(served: Service, tmp_path: Path) -> None:
    (tmp_path / "films").mkdir(exist_ok=True)
    video = make_video(tmp_path / "films" / "a.mp4")
    answer = served.client().post(
        "/tasks", json={"file_path": str(video)}, headers={"x-correlation-id": "order-17"}
    )
    assert answer.headers["x-correlation-id"] == "order-17"
    with served.gateway.database.read() as unit:
        task = unit.tasks.get(answer.json()["task_id"])
    assert task is not None
    assert task.correlation_id == "order-17"


@pytest.mark.parametrize("sent", ["", "two words", "x" * 101, "a\tb"])
def test_an_id_that_logs_could_not_show_is_replaced(served: Service, sent: str) -> None:
    answer = served.client().get("/models", headers={"x-correlation-id": sent})
    assert answer.headers["x-correlation-id"] not in {"", sent}
