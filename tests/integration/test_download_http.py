"""Downloads from a real web server, the good ones and those that are refused or cut off."""

import gzip
import random
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme

from shared.domain.task import AnalysisOptions, Task
from shared.errors import InvalidInputError, MediaError, TrackloopError, TransientError
from shared.pipeline.tools import Tools
from shared.progress.port import Found
from tests.support.network import name_service
from tests.support.toolbox import toolbox
from tests.support.web import (
    Answer,
    Web,
    chunked,
    content,
    endless,
    raw,
    redirect,
    status,
    trickle,
    web,
)
from workers.video_processor.download import download
from workers.video_processor.validate import validate

VIDEO = random.Random(3).randbytes(700_000)
HERE = (ip_network("127.0.0.1/32"),)


class Recorder:
    """Keeps every report."""

    def __init__(self) -> None:
        self.reports: list[tuple[Any, ...]] = []

    def report(
        self, task_id: str, step: str, done: float, total: float | None, unit: str, part: int = 0,
        *, found: Found | None = None,
    ) -> None:  # fmt: skip
        """Keep it."""
        self.reports.append((task_id, step, done, total, unit))


@contextmanager
def _tools(root: Path, **settings: Any) -> Iterator[Tools]:
    with toolbox(root, **{"allowed_networks": HERE, "download_stall_seconds": 5} | settings) as it:
        yield it


@pytest.fixture
def tools(tmp_path: Path) -> Iterator[Tools]:
    with _tools(tmp_path) as made:
        yield made


def _fetch(tools: Tools, source: str) -> bytes:
    download(tools, Task("t", source, AnalysisOptions()))
    assert [path.name for path in tools.paths.videos("t").iterdir()] == ["source"]
    return tools.paths.source("t").read_bytes()


def _refusal(tools: Tools, server: Web, path: str = "/v.mp4") -> TrackloopError:
    with pytest.raises(TrackloopError) as refused:
        _fetch(tools, server.url(path) + "?token=secret")
    error = refused.value
    assert not list(tools.paths.videos("t").glob("*"))
    assert server.url(path) in error.message
    assert "secret" not in error.message
    assert error.message.endswith(".")
    return error


def _refused(tools: Tools, answer: Answer) -> TrackloopError:
    with web({"/v.mp4": answer}) as server:
        return _refusal(tools, server)


@pytest.mark.parametrize(
    "answer",
    [
        content(VIDEO, Content_Type="video/mp4"),
        content(VIDEO, sized=False),
        content(VIDEO, Content_Encoding="identity"),
        chunked(VIDEO[:10], VIDEO[10:]),
    ],
    ids=["with length", "until it hangs up", "identity", "chunked"],
)
def test_a_video_arrives_whole(tools: Tools, answer: Answer) -> None:
    with web({"/a/v.mp4": answer}) as server:
        assert _fetch(tools, server.url("/a/v.mp4?x=1&y=%20#t=3")) == VIDEO
    assert server.asked == ["/a/v.mp4?x=1&y=%20"]
    sent = {name.lower(): value for name, value in server.headers[0].items()}
    assert sent["host"] == f"127.0.0.1:{server.port}"
    assert sent["accept-encoding"] == "identity"
    assert not {"cookie", "authorization", "referer"} & set(sent)
    assert tools.paths.source("t").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(("sized", "total"), [(True, len(VIDEO)), (False, None)])
def test_progress_is_told_in_bytes(tools: Tools, sized: bool, total: int | None) -> None:
    recorder = Recorder()
    with web({"/v.mp4": content(VIDEO, sized=sized)}) as server:
        _fetch(replace(tools, progress=recorder), server.url("/v.mp4"))
    assert recorder.reports[-1] == ("t", "download", len(VIDEO), len(VIDEO), "bytes")
    assert {report[3] for report in recorder.reports} == {total, len(VIDEO)}


def test_an_older_source_is_replaced(tools: Tools) -> None:
    with web({"/1.mp4": content(b"one"), "/2.mp4": content(b"two")}) as server:
        _fetch(tools, server.url("/1.mp4"))
        assert _fetch(tools, server.url("/2.mp4")) == b"two"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_redirects_are_followed(tools: Tools, code: int) -> None:
    with web({"/v.mp4": content(VIDEO)}) as last:
        answers = {"/1": redirect("2?x", code), "/2": redirect("/3", code)}
        answers["/3"] = redirect(last.url("/v.mp4"), code)
        with web(answers) as first:
            assert _fetch(tools, first.url("/1")) == VIDEO
    assert first.asked == ["/1", "/2?x", "/3"]


@pytest.mark.parametrize("answers", [{"/v.mp4": redirect("/v.mp4")}, {}], ids=["loop", "chain"])
def test_a_fourth_redirect_is_refused(tools: Tools, answers: Mapping[str, Answer]) -> None:
    chain = {"/v.mp4": redirect("/1"), **{f"/{n}": redirect(f"/{n + 1}") for n in range(1, 9)}}
    with web(answers or chain) as server:
        refusal = _refusal(tools, server)
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "redirect_refused"
    assert len(server.asked) == 4


def test_a_redirect_without_a_place_is_no_redirect(tools: Tools) -> None:
    assert _refused(tools, status(302)).code == "source_refused"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (404, "source_not_found"), (410, "source_not_found"),
        (401, "source_forbidden"), (403, "source_forbidden"),
        (204, "source_refused"), (206, "source_refused"), (304, "source_refused"),
        (400, "source_refused"), (416, "source_refused"),
    ],
)  # fmt: skip
def test_an_answer_that_will_not_change(tools: Tools, answer: int, code: str) -> None:
    refusal = _refused(tools, status(answer))
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == code
    assert str(answer) in refusal.message


@pytest.mark.parametrize("answer", [408, 425, 429, 500, 502, 503, 504])
def test_an_answer_that_may_change(tools: Tools, answer: int) -> None:
    refusal = _refused(tools, status(answer))
    assert isinstance(refusal, TransientError)
    assert refusal.code == "source_unavailable"


@pytest.mark.parametrize("kind", ["text/html", "Text/HTML; charset=utf-8", "application/xhtml+xml"])
def test_a_web_page_is_no_video(tools: Tools, kind: str) -> None:
    refusal = _refused(tools, content(b"<html>log in</html>", Content_Type=kind))
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "html_instead_of_video"


def test_nothing_at_all(tools: Tools) -> None:
    assert _refused(tools, content(b"")).code == "empty_file"


@pytest.mark.parametrize(
    "answer",
    [content(VIDEO), content(VIDEO, sized=False), chunked(VIDEO), endless(b"x" * 65536)],
    ids=["by its header", "without a header", "chunked", "endless"],
)
def test_more_bytes_than_allowed(tmp_path: Path, answer: Answer) -> None:
    with _tools(tmp_path, max_video_bytes=200_000) as tools:
        refusal = _refused(tools, answer)
    assert isinstance(refusal, MediaError)
    assert refusal.code == "too_many_bytes"


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    with _tools(tmp_path, max_video_bytes=1_000_000) as tools:
        for encoding in ("gzip", "GZIP", "identity, gzip", "gzip, gzip", "br"):
            refusal = _refused(tools, content(bomb, Content_Encoding=encoding))
            assert isinstance(refusal, InvalidInputError)
            assert refusal.code == "encoded_content"


@pytest.mark.parametrize(
    "answer",
    [
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n12345"),
        chunked(b"12345", ended=False),
        raw(b"HTTP/1.1 200 OK\r\nContent-Le"),
        raw(b""),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n123456"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 50_000 + b"\r\nvideo"),
    ],
    ids=["short", "no last chunk", "half a header", "silence", "ssh", "two lengths", "headers"],
)
def test_a_broken_answer(tools: Tools, answer: Answer) -> None:
    refusal = _refused(tools, answer)
    assert isinstance(refusal, TransientError)
    assert refusal.code == "download_interrupted"


_HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n12345"


@pytest.mark.parametrize("head", [b"", _HEAD[:20], _HEAD], ids=["at once", "in headers", "in body"])
def test_a_server_that_falls_silent(tmp_path: Path, head: bytes) -> None:
    with _tools(tmp_path, download_stall_seconds=0.3) as tools:
        refusal = _refused(tools, trickle(head, pause=10))
    assert isinstance(refusal, TransientError)
    assert refusal.code == "download_stalled"


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nX: ", _HEAD], ids=["in headers", "in body"])
def test_a_server_that_trickles_does_not_outlive_the_deadline(tmp_path: Path, head: bytes) -> None:
    started = time.monotonic()
    with _tools(tmp_path, download_timeout_seconds=0.5) as tools:
        refusal = _refused(tools, trickle(head, pause=0.05))
    assert time.monotonic() - started < 10  # the server would go on for 30
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "download_too_slow"


def test_a_page_that_nobody_called_one_is_refused_by_its_name_alone(tools: Tools) -> None:
    with web({"/a/v.mp4": content(b"<html>log in</html>", Content_Type="video/mp4")}) as server:
        task = Task("t", server.url("/a/v.mp4?token=secret"), AnalysisOptions())
        download(tools, task)
    with pytest.raises(MediaError) as refused:
        validate(tools, task)
    assert refused.value.code == "not_a_video"
    assert "v.mp4" in refused.value.message
    assert "secret" not in refused.value.message


def test_nobody_listens(tools: Tools) -> None:
    with web({}) as server:
        pass
    refusal = _refusal(tools, server)
    assert isinstance(refusal, TransientError)
    assert refusal.code == "source_unavailable"


def test_the_next_address_is_tried(tools: Tools, monkeypatch: pytest.MonkeyPatch) -> None:
    name_service(monkeypatch, {"two.example": [["127.0.0.9", "127.0.0.1"]]})
    with (
        web({"/v.mp4": content(VIDEO)}) as server,
        _tools(tools.paths.root, allowed_networks=(ip_network("127.0.0.0/24"),)) as both,
    ):
        assert _fetch(both, server.url("/v.mp4", host="two.example")) == VIDEO


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def _https(authority: trustme.CA, name: str) -> Iterator[Web]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    with web({"/v.mp4": content(VIDEO)}, tls=context) as server:
        yield server


def _trust(monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, folder: Path) -> None:
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "ca.pem"))
    name_service(monkeypatch, {"video.example": [["127.0.0.1"]], "other.example": [["127.0.0.1"]]})


def test_tls_is_verified_against_the_name(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Path
) -> None:
    _trust(monkeypatch, authority, tmp_path)
    with _https(authority, "video.example") as server:
        assert _fetch(tools, server.url("/v.mp4", host="video.example")) == VIDEO
        tools.paths.source("t").unlink()
        server.host = "other.example"
        refusal = _refusal(tools, server)
        assert refusal.code == "bad_certificate"
        assert isinstance(refusal, InvalidInputError)
        server.host = "127.0.0.1"
        assert _refusal(tools, server).code == "bad_certificate"


def test_a_certificate_of_a_stranger(
    tools: Tools, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Path
) -> None:
    _trust(monkeypatch, trustme.CA(), tmp_path)
    with _https(authority, "video.example") as server:
        server.host = "video.example"
        assert _refusal(tools, server).code == "bad_certificate"


def test_https_where_http_is_spoken(tools: Tools) -> None:
    with web({}) as server:
        server.scheme = "https"
        assert _refusal(tools, server).code == "source_unavailable"
