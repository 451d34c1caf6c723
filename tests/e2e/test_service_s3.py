"""The service over a bucket, as a user starts it; and the command beside it."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from api_gateway.client import ServiceError
from tests.support.command import run
from tests.support.s3_server import S3Server, aws_environment, s3_server
from tests.support.service import until, up
from tests.support.videos import make_video

pytestmark = pytest.mark.slow

SAME = ("results.csv", "results.json", "mot.txt", "chunks/result_chunk_0.json")


@pytest.fixture
def server() -> Iterator[S3Server]:
    with s3_server() as running:
        yield running


def test_an_uploaded_video_gives_what_the_command_gives(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment(monkeypatch)
    url = server.url()
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", url)
    monkeypatch.setenv("TRACKLOOP_CACHE_FOLDER", str(tmp_path / "cache"))
    video = make_video(tmp_path / "a.mp4", frames=60, size=(320, 192))
    place = tmp_path / "storage"
    with up(place) as service:
        with service.client() as client:
            task = client.submit(video, {})
            assert client.wait(task, timeout=300)["state"] == "succeeded"
            fetched = service.trackloop("results", task, "--out", tmp_path / "fetched")
            assert fetched.code == 0, fetched.output
            assert server.keys(url)
            client.erase(task)
            with pytest.raises(ServiceError):
                client.status(task)
            until(lambda: not server.keys(url), service.process)
        assert service.stop(signal.SIGTERM) == 0
    ran = run(place, "run", video, "--out", tmp_path / "ran")
    assert ran.code == 0, ran.output
    assert server.keys(url) == [], "a run of the command stays on its host"
    for name in SAME:
        assert (tmp_path / "fetched" / name).read_bytes() == (tmp_path / "ran" / name).read_bytes()


def test_a_bucket_that_is_missing_is_said_at_the_start(
    server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws_environment(monkeypatch)
    url = f"s3://no-such-bucket/x?endpoint={server.endpoint}"
    monkeypatch.setenv("TRACKLOOP_STORAGE_URL", url)
    ended = run(tmp_path / "storage", "up", "--port", 0)
    assert ended.code != 0
    assert "the bucket no-such-bucket does not exist" in ended.output
