"""No source, however it is written, makes a download connect to a forbidden address."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from ipaddress import ip_network

import pytest

from shared.domain.task import AnalysisOptions, Task
from shared.errors import TrackloopError
from shared.pipeline.tools import Tools
from tests.support.hostile import FORBIDDEN, GOOD, HOSTILE, NAMES, REDIRECTS
from tests.support.network import name_service, trap, watched_connections
from tests.support.toolbox import toolbox
from tests.support.web import Answer, Web, content, redirect, web
from workers.video_processor.download import download


@dataclass(frozen=True)
class Traps:
    v4: str
    v6: str
    port: int

    def fill(self, url: str) -> str:
        for word, value in (("{v4}", self.v4), ("{v6}", self.v6), ("{port}", str(self.port))):
            url = url.replace(word, value)
        return url


@pytest.fixture(scope="module")
def traps() -> Iterator[Traps]:
    with ExitStack() as stack:
        port4, caught4 = stack.enter_context(trap("127.0.0.1"))
        port6, caught6 = stack.enter_context(trap("::1"))
        yield Traps(f"127.0.0.1:{port4}", f"[::1]:{port6}", port4)
        assert caught4() == caught6() == 0


@pytest.fixture(scope="module")
def tools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tools]:
    networks = (ip_network(f"{GOOD}/32"),)
    root = tmp_path_factory.mktemp("storage")
    with toolbox(root, allowed_networks=networks, download_stall_seconds=2) as made:
        yield made


def _refusal(tools: Tools, source: str) -> TrackloopError:
    with pytest.raises(TrackloopError) as refused:
        download(tools, Task("t", source, AnalysisOptions()))
    assert not list(tools.paths.videos("t").glob("*"))
    error = refused.value
    assert error.message.isprintable()
    assert error.message.endswith(".")
    assert "secret" not in error.message
    assert len(error.message) < 500
    return error


def test_the_table_is_long_enough() -> None:
    assert len(set(HOSTILE)) >= 120


@pytest.mark.parametrize(("code", "url"), HOSTILE, ids=lambda text: ascii(text)[:60])
def test_a_hostile_source(
    tools: Tools, traps: Traps, monkeypatch: pytest.MonkeyPatch, code: str, url: str
) -> None:
    asked = name_service(monkeypatch, NAMES)
    with watched_connections() as connections:
        assert _refusal(tools, traps.fill(url)).code == code
    assert connections == []
    assert len(asked) <= 1


def test_the_real_name_service_is_not_believed_either(tools: Tools, traps: Traps) -> None:
    with watched_connections() as connections:
        assert _refusal(tools, f"http://localhost:{traps.port}/a.mp4").code == FORBIDDEN
    assert connections == []


@pytest.fixture(scope="module")
def redirecting() -> Iterator[tuple[Web, dict[str, Answer]]]:
    answers: dict[str, Answer] = {}
    with web(answers, GOOD) as server:
        yield server, answers


@pytest.mark.parametrize(("code", "url"), REDIRECTS, ids=lambda text: ascii(text)[:60])
def test_a_redirect_to_a_hostile_source(
    tools: Tools,
    traps: Traps,
    redirecting: tuple[Web, dict[str, Answer]],
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    url: str,
) -> None:
    name_service(monkeypatch, NAMES)
    server, answers = redirecting
    answers["/v.mp4"] = redirect(_as_header(traps.fill(url)))
    with watched_connections() as connections:
        refusal = _refusal(tools, server.url("/v.mp4"))
    assert set(connections) == {GOOD}
    assert server.url("/v.mp4") in refusal.message
    # Without a scheme it is relative to the server that sent it, which has nothing else.
    assert refusal.code in {code, FORBIDDEN, "redirect_refused", "source_not_found"}


def _as_header(text: str) -> str:
    """UTF-8 bytes as the standard library's server writes them: one character a byte."""
    return text.encode().decode("latin-1")


def test_a_name_that_moves_after_the_check(
    tools: Tools, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = name_service(monkeypatch, {"moving.example": [[GOOD], ["127.0.0.1"]]})
    with web({"/v.mp4": content(b"video")}, GOOD) as server:
        source = server.url("/v.mp4", host="moving.example")
        with watched_connections() as connections:
            download(tools, Task("moved", source, AnalysisOptions()))
    assert tools.paths.source("moved").read_bytes() == b"video"
    assert connections == [GOOD]
    assert asked.count("moving.example") == 1
    assert server.headers[0]["Host"] == f"moving.example:{server.port}"


def test_a_name_that_moves_between_two_hops(
    tools: Tools, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    name_service(monkeypatch, {"moving.example": [[GOOD], ["127.0.0.1"]]})
    with web({"/v.mp4": redirect("/again.mp4")}, GOOD) as server:
        source = server.url("/v.mp4", host="moving.example")
        with watched_connections() as connections:
            assert _refusal(tools, source).code == FORBIDDEN
    assert connections == [GOOD]


def test_no_proxy_of_the_environment_is_used(
    tools: Tools, traps: Traps, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://{traps.v4}")
    with web({"/v.mp4": content(b"video")}, GOOD) as server, watched_connections() as connections:
        download(tools, Task("direct", server.url("/v.mp4"), AnalysisOptions()))
    assert connections == [GOOD]
    assert tools.paths.source("direct").read_bytes() == b"video"
