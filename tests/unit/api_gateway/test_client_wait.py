"""Waiting for a task outlives every connection."""

import threading
import time

import pytest

from api_gateway.client import Client, NoAnswerError, ServiceError
from api_gateway.serving import bound
from tests.support.tiny_service import KEY, TinyService, status, tiny_service

HALF, DONE = status("running", 50), status("succeeded", 100)


def _heard(service: TinyService, **wait: float) -> list[float]:
    heard: list[float] = []
    with tiny_service(service), Client(service.url, KEY) as client:
        client.wait("t1", lambda status: heard.append(status["percent"]), **wait)
    return heard


def test_statuses_come_as_the_socket_brings_them() -> None:
    service = TinyService(polled=[status()], pushed=[[status("running", 10), HALF, DONE]])
    assert _heard(service) == [0, 10, 50, 100]
    assert service.asked == ["GET /tasks/t1", "WS /ws/tasks/t1"]


def test_a_socket_that_breaks_is_opened_again() -> None:
    service = TinyService(polled=[status(), HALF], pushed=[[status("running", 10)], [HALF, DONE]])
    assert _heard(service) == [0, 10, 50, 50, 100]
    assert service.asked.count("WS /ws/tasks/t1") == 2


def test_where_no_socket_can_be_opened_the_status_is_asked_for() -> None:
    service = TinyService(polled=[status(), HALF, DONE], pushed=[None, None])
    assert _heard(service) == [0, 50, 100]


def test_a_task_that_has_ended_needs_no_socket() -> None:
    service = TinyService(polled=[status("failed")])
    _heard(service)
    assert service.asked == ["GET /tasks/t1"]


def test_a_refusal_on_the_socket_is_raised() -> None:
    problem = {"code": "no_such_task", "detail": "There is no such task.", "status": 404}
    service = TinyService(polled=[status()], pushed=[[problem]])
    with pytest.raises(ServiceError) as refused:
        _heard(service)
    assert (refused.value.code, refused.value.status) == ("no_such_task", 404)


@pytest.mark.parametrize("pushed", [[], [[HALF]] * 50])
def test_waiting_ends_at_its_timeout(pushed: list[list[dict[str, object]] | None]) -> None:
    started = time.monotonic()
    with pytest.raises(ServiceError) as refused:
        _heard(TinyService(polled=[HALF], pushed=pushed), timeout=0.8)
    assert refused.value.code == "wait_timeout"
    assert 0.7 < time.monotonic() - started < 5


def test_a_service_that_is_not_there_at_first_is_said_at_once() -> None:
    with (
        bound("127.0.0.1", 0) as address,
        Client(address.url, KEY) as client,
        pytest.raises(NoAnswerError),
    ):
        client.wait("t1")


def test_a_service_that_is_started_anew_is_found_again() -> None:
    with bound("127.0.0.1", 0) as address:
        port = int(address.url.rpartition(":")[2])
    service, heard, ended = TinyService(polled=[HALF]), threading.Event(), []

    def wait() -> None:
        with Client(f"http://127.0.0.1:{port}", KEY) as client:
            ended.append(client.wait("t1", lambda _: heard.set())["state"])

    waiting = threading.Thread(target=wait)
    with tiny_service(service, port):
        waiting.start()
        assert heard.wait(10)
    time.sleep(0.5)
    service.polled = [DONE]
    with tiny_service(service, port):
        waiting.join(20)
    assert ended == ["succeeded"]


@pytest.mark.parametrize("code", [502, 503])
def test_a_service_that_answers_later_is_waited_for(code: int) -> None:
    service = TinyService(polled=[HALF, DONE], pushed=[None])
    away = {"code": "database_unreachable", "detail": "The database does not answer."}
    heard: list[float] = []

    def on_progress(said: dict[str, object]) -> None:
        heard.append(said["percent"])  # type: ignore[arg-type]
        service.problem = code, away
        threading.Timer(0.5, setattr, (service, "problem", None)).start()

    with tiny_service(service), Client(service.url, KEY) as client:
        assert client.wait("t1", on_progress)["state"] == "succeeded"  # type: ignore[arg-type]
    assert heard == [50, 100]
    assert service.asked.count("GET /tasks/t1") > 2
