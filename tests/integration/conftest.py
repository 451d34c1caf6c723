"""A bucket for whoever asks for its URL."""

from collections.abc import Iterator

import pytest

from tests.support.s3_server import S3Server, aws_environment, s3_server


@pytest.fixture(scope="module")
def server() -> Iterator[S3Server]:
    """A real S3 server."""
    with s3_server() as running:
        yield running


@pytest.fixture
def url(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty place on it."""
    aws_environment(monkeypatch)
    return server.url()
