"""What a server's answers mean, whatever server it is."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from shared.errors import PermanentError, TrackloopError, TransientError
from shared.labeling.adapters import check_labeling, open_labeling
from shared.labeling.labelstudio_address import read_address
from shared.labeling.labelstudio_api import NotThereError, connected
from shared.settings import Settings
from tests.support.network import free_port

Answers = dict[str, tuple[int, bytes]]


@contextmanager
def _answering(answers: Answers) -> Iterator[Settings]:
    """A server that gives to each path what is said, and 404 to others."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b"{}"))
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Tests print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield _settings(server.server_address[1])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _settings(port: int) -> Settings:
    url = f"labelstudio+http://127.0.0.1:{port}"
    return Settings(labeling_url=url, labeling_token=TOKEN)


TOKEN = SecretStr("token-of-ours")
WHO = "/api/current-user/whoami"


@pytest.mark.parametrize(
    ("answer", "error", "code"),
    [
        ((401, b"{}"), PermanentError, "labeling_refused"),
        ((403, b"{}"), PermanentError, "labeling_refused"),
        ((404, b"{}"), PermanentError, "no_labeling_server"),
        ((302, b""), PermanentError, "no_labeling_server"),
        ((200, b"<html>"), PermanentError, "no_labeling_server"),
        ((200, b"[]"), PermanentError, "no_labeling_server"),
        ((200, b"{}"), PermanentError, "no_labeling_server"),
        ((429, b""), TransientError, "labeling_busy"),
        ((500, b""), TransientError, "labeling_busy"),
        ((503, b""), TransientError, "labeling_busy"),
        ((418, b"tea\nforged line"), PermanentError, "labeling_rejected"),
    ],
)
def test_what_an_answer_means(
    answer: tuple[int, bytes], error: type[TrackloopError], code: str
) -> None:
    with _answering({WHO: answer}) as settings, pytest.raises(error) as told:
        check_labeling(settings)
    assert told.value.code == code
    assert "token-of-ours" not in told.value.message
    assert "\n" not in told.value.message


def test_a_server_that_is_away_may_be_tried_again() -> None:
    tool = open_labeling(_settings(free_port()))
    for ask in (tool.check, lambda: tool.progress("1:t"), lambda: tool.remove("1:t")):
        with pytest.raises(TransientError, match="TRACKLOOP_LABELING_URL") as away:
            ask()
        assert away.value.code == "labeling_unreachable"


def _page(total: int, *ids: int) -> tuple[int, bytes]:
    tasks = ", ".join(f'{{"id": {number}, "data": {{}}}}' for number in ids)
    return 200, f'{{"total": {total}, "tasks": [{tasks}]}}'.encode()


FIRST_PAGE = "/api/tasks?project=1&page_size=100"


@pytest.mark.parametrize(
    "second",
    [_page(2, 3), _page(3), _page(3, 1), (404, b"{}")],
    ids=["one was deleted", "the last was deleted", "one came twice", "the page is gone"],
)
def test_a_list_that_changes_while_it_is_read_is_not_believed(second: tuple[int, bytes]) -> None:
    answers = {FIRST_PAGE: _page(3, 1, 2), f"{FIRST_PAGE}&page=2": second}
    with (
        _answering(answers) as settings,
        connected(read_address(settings)) as api,
        pytest.raises(TransientError),
    ):
        api.tasks(1)


def test_a_list_is_read_over_all_its_pages() -> None:
    answers = {FIRST_PAGE: _page(3, 1, 2), f"{FIRST_PAGE}&page=2": _page(3, 3)}
    with _answering(answers) as settings, connected(read_address(settings)) as api:
        assert [task["id"] for task in api.tasks(1)] == [1, 2, 3]
        with pytest.raises(NotThereError):
            api.tasks(2)
