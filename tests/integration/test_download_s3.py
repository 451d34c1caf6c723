"""Downloads from S3.

moto's server, a well-kept S3 in Python, stands for the store; it takes any credentials and is never
in trouble, so a scripted server answers where those are what is tested.
"""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.server import ThreadedMotoServer

from shared.domain.task import AnalysisOptions, Task
from shared.errors import InvalidInputError, TrackloopError, TransientError
from shared.pipeline.tools import Tools
from tests.support.network import watched_connections
from tests.support.toolbox import toolbox
from tests.support.web import Answer, content, raw, status, trickle, web
from workers.video_processor.download import download

VIDEO = random.Random(4).randbytes(2_500_000)
KEY = "visits/may 1st/#2 é%20@home+1.mp4"
SECRET = "hush-hush"  # noqa: S105  # no server of these tests checks it


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.upper().startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")


@pytest.fixture(scope="module")
def films(endpoint: str) -> str:
    """A bucket with one video."""
    import boto3

    client = boto3.client(
        "s3", endpoint_url=endpoint, region_name="us-east-1",
        aws_access_key_id="maker", aws_secret_access_key=SECRET,
    )  # fmt: skip
    client.create_bucket(Bucket="films")
    client.put_object(Bucket="films", Key=KEY, Body=VIDEO)
    client.put_object(Bucket="films", Key="empty.mp4", Body=b"")
    return "films"


def _fetch(root: Path, source: str, **settings: Any) -> Tools:
    given = {"allowed_buckets": ("films", "no-such-bucket"), "download_stall_seconds": 5}
    with toolbox(root, **(given | settings)) as tools:
        download(tools, Task("t", source, AnalysisOptions()))
        return tools


def _refusal(root: Path, source: str, **settings: Any) -> TrackloopError:
    with pytest.raises(TrackloopError) as refused:
        _fetch(root, source, **settings)
    assert not list(root.rglob("*.*"))
    assert not list(root.rglob("source"))
    error = refused.value
    assert source.partition("?")[0] in error.message
    for word in (SECRET, "AKIAEXAMPLE"):
        assert word not in error.message
        assert word not in str(error.__cause__)
    return error


def test_an_object_arrives_whole(tmp_path: Path, endpoint: str, films: str) -> None:
    tools = _fetch(tmp_path, f"s3://{films}/{KEY}", s3_endpoint=endpoint)
    assert tools.paths.source("t").read_bytes() == VIDEO
    assert [path.name for path in tools.paths.videos("t").iterdir()] == ["source"]


def test_the_endpoint_of_the_settings_wins(
    tmp_path: Path, endpoint: str, films: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ENDPOINT", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    _fetch(tmp_path, f"s3://{films}/{KEY}", s3_endpoint=endpoint)


@pytest.mark.parametrize("source", ["s3://films/no.mp4?versionId=1", "s3://no-such-bucket/a.mp4"])
def test_a_missing_key_or_bucket(tmp_path: Path, endpoint: str, films: str, source: str) -> None:
    refusal = _refusal(tmp_path, source, s3_endpoint=endpoint)
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "source_not_found"


def test_an_empty_object(tmp_path: Path, endpoint: str, films: str) -> None:
    source = f"s3://{films}/empty.mp4"
    assert _refusal(tmp_path, source, s3_endpoint=endpoint).code == "empty_file"


def test_more_bytes_than_allowed(tmp_path: Path, endpoint: str, films: str) -> None:
    source = f"s3://{films}/{KEY}"
    refusal = _refusal(tmp_path, source, s3_endpoint=endpoint, max_video_bytes=1_000_000)
    assert refusal.code == "too_many_bytes"


@pytest.mark.parametrize("key", ["../secret.mp4", "a//b.mp4", "a/./b.mp4", "a/../../b.mp4", "a/"])
def test_a_key_that_is_a_path(tmp_path: Path, endpoint: str, films: str, key: str) -> None:
    assert _refusal(tmp_path, f"s3://{films}/{key}", s3_endpoint=endpoint).code == "bad_url"


def test_a_bucket_that_is_not_allowed(tmp_path: Path, endpoint: str, films: str) -> None:
    source = f"s3://{films}/{KEY}"
    refusal = _refusal(tmp_path, source, s3_endpoint=endpoint, allowed_buckets=())
    assert refusal.code == "bucket_not_allowed"


def _answered(root: Path, answer: Answer, **settings: Any) -> TrackloopError:
    with web({"/films/v.mp4": answer}) as server:
        return _refusal(root, "s3://films/v.mp4", s3_endpoint=server.url(""), **settings)


_DENIED = b"<Error><Code>AccessDenied</Code><AWSAccessKeyId>AKIAEXAMPLE</AWSAccessKeyId></Error>"


@pytest.mark.parametrize("code", [401, 403])
def test_credentials_that_do_not_do(tmp_path: Path, code: int) -> None:
    head = b"HTTP/1.1 %d No\r\nContent-Length: %d\r\n\r\n" % (code, len(_DENIED))
    refusal = _answered(tmp_path, raw(head + _DENIED))
    assert isinstance(refusal, InvalidInputError)
    assert refusal.code == "source_forbidden"


@pytest.mark.parametrize(
    "answer", [status(503), status(500), raw(b"SSH-2.0-x\r\n"), content(b"x", sized=False)]
)
def test_a_store_in_trouble(tmp_path: Path, answer: Answer) -> None:
    refusal = _answered(tmp_path, answer)
    assert isinstance(refusal, TransientError)
    assert refusal.code == "source_unavailable"


_META = b'Last-Modified: Fri, 01 May 2026 10:00:00 GMT\r\nETag: "x"\r\n'


def test_a_store_that_falls_silent(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\n%bContent-Length: 900\r\n\r\n12345" % _META
    started = time.monotonic()
    refusal = _answered(tmp_path, trickle(head, pause=20), download_stall_seconds=0.2)
    assert time.monotonic() - started < 10
    assert isinstance(refusal, TransientError)
    assert refusal.code == "source_unavailable"


def test_a_store_that_breaks_off(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\n%bContent-Length: 900\r\n\r\n12345" % _META
    assert isinstance(_answered(tmp_path, raw(head)), TransientError)


def test_without_credentials_it_asks_as_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with web({"/films/v.mp4": status(403)}) as server:
        refusal = _refusal(tmp_path, "s3://films/v.mp4", s3_endpoint=server.url(""))
    assert refusal.code == "source_forbidden"
    assert server.asked == ["/films/v.mp4"]
    assert "authorization" not in {name.lower() for name in server.headers[0]}


def test_no_connection_is_made_for_a_bucket_that_is_not_allowed(tmp_path: Path) -> None:
    with watched_connections() as connections, web({}) as server:
        source, place = "s3://films/v.mp4", server.url("")
        _refusal(tmp_path, source, s3_endpoint=place, allowed_buckets=("other",))
        assert server.asked == []
    assert connections == []
