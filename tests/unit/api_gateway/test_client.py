"""The client against a real server: what it sends, and what becomes of refusals."""

import resource
from pathlib import Path

import pytest

from api_gateway.client import Client, NoAnswerError, RefusedInputError, ServiceError
from api_gateway.serving import bound
from shared.errors import InvalidInputError
from tests.support.tiny_service import KEY, TinyService, tiny_service


def _refusal(status: int, body: object) -> ServiceError:
    with (
        tiny_service(TinyService(problem=(status, body))) as service,
        Client(service.url, KEY) as client,
        pytest.raises(ServiceError) as refused,
    ):
        client.status("t1")
    return refused.value


def test_a_problem_document_becomes_an_error_with_its_code_sentence_and_status() -> None:
    error = _refusal(409, {"code": "task_ended", "detail": "The task has failed.", "status": 409})
    assert (error.code, error.message, error.status) == ("task_ended", "The task has failed.", 409)
    assert not isinstance(error, InvalidInputError)


@pytest.mark.parametrize("status", [400, 413, 422])
def test_a_refused_value_is_wrong_input(status: int) -> None:
    error = _refusal(status, {"code": "invalid_option", "detail": "confidence: no."})
    assert isinstance(error, RefusedInputError)


def test_what_may_work_later_is_told_from_what_will_not() -> None:
    later = _refusal(503, {"code": "database_unreachable", "detail": "Ask again."})
    assert isinstance(later, NoAnswerError)
    assert (later.code, later.status) == ("database_unreachable", 503)


@pytest.mark.parametrize("body", ["<html>Bad Gateway</html>", {"detail": "Not Found"}, ""])
def test_what_something_else_answers_is_told_from_the_service(body: object) -> None:
    error = _refusal(502, body)
    assert (error.code, error.status) == ("http_502", 502)
    assert "TRACKLOOP_URL" in error.message


def test_an_answer_that_is_no_json_is_not_the_services() -> None:
    assert "TRACKLOOP_URL" in _refusal(200, "<html>Welcome!</html>").message


def test_a_wrong_key_is_refused() -> None:
    with (
        tiny_service(TinyService()) as service,
        Client(service.url, "another") as client,
        pytest.raises(ServiceError) as refused,
    ):
        client.status("t1")
    assert (refused.value.code, refused.value.status) == ("key_unknown", 401)


def test_nobody_at_the_address_is_one_clear_sentence() -> None:
    with (
        bound("127.0.0.1", 0) as address,
        Client(address.url, KEY) as client,
        pytest.raises(NoAnswerError) as refused,
    ):
        client.models()
    assert refused.value.code == "service_unreachable"
    assert "trackloop up" in refused.value.message
    assert "TRACKLOOP_URL" in refused.value.message


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", ""])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        Client(url, KEY)
    assert refused.value.code == "bad_url"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with tiny_service(TinyService()) as service, Client(service.url, KEY) as client:
        assert client.wait("t1")["state"] == "succeeded"


def test_tasks_are_read_page_by_page_as_they_are_needed() -> None:
    with tiny_service(TinyService()) as service, Client(service.url, KEY) as client:
        tasks = client.tasks(["queued", "running"])
        assert [next(tasks)["task_id"], next(tasks)["task_id"]] == ["t3", "t2"]
        assert len(service.asked) == 1
        assert [task["task_id"] for task in tasks] == ["t1"]
    assert "state=queued&state=running" in service.asked[0]
    assert "before=t2" in service.asked[1]


def test_an_upload_carries_file_options_and_key_of_the_submission(tmp_path: Path) -> None:
    (tmp_path / "a b.mp4").write_bytes(b"video")
    with tiny_service(TinyService()) as service, Client(service.url, KEY, "ada") as client:
        task = client.submit(tmp_path / "a b.mp4", {"model": "m"}, idempotency_key="once")
    assert task == "t1"
    sent = service.uploaded
    assert sent["headers"]["idempotency-key"] == "once"
    for part in (b'name="options"', b'{"model":"m"}', b'name="user_id"', b"ada", b"a b.mp4"):
        assert part in sent["head"]


def test_an_upload_does_not_fill_the_memory(tmp_path: Path) -> None:
    size = 300 * 2**20
    with (tmp_path / "large.mp4").open("wb") as file:
        file.truncate(size)
    told: list[tuple[int, int]] = []
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tiny_service(TinyService()) as service, Client(service.url, KEY) as client:
        client.submit(tmp_path / "large.mp4", on_upload=lambda *now: told.append(now))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert service.uploaded["bytes"] > size
    assert grown < 100 * 2**20
    assert len(told) > 100
    assert told[-1] == (size, size)
