"""A bucket of one's own: on moto's server, or on the one that TRACKLOOP_TEST_S3_URL names."""

import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from shared.settings import Settings

_GIVEN = "TRACKLOOP_TEST_S3_URL"
"""s3://bucket/prefix?endpoint=…; its keys are those of the environment."""


class S3Server:
    """Where buckets are made, and what is in them."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def client(self) -> Any:
        """Another client than the one that is tested."""
        import boto3

        return boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1")

    def url(self) -> str:
        """A place of its own, empty."""
        if given := os.environ.get(_GIVEN):
            parts = urlsplit(given)
            path = f"{parts.path.rstrip('/')}/{secrets.token_hex(6)}"
            return parts._replace(path=path).geturl()
        bucket = f"bucket-{secrets.token_hex(6)}"
        self.client().create_bucket(Bucket=bucket)
        return f"s3://{bucket}/some/prefix?{urlencode({'endpoint': self.endpoint})}"

    def keys(self, url: str) -> list[str]:
        """Every key under the URL's prefix, without it."""
        return list(self.stamps(url))

    def stamps(self, url: str) -> dict[str, datetime]:
        """When each of them was written, to the second."""
        parts = urlsplit(url)
        prefix = parts.path.strip("/") + "/"
        pages = self.client().get_paginator("list_objects_v2")
        return {
            entry["Key"].removeprefix(prefix): entry["LastModified"]
            for page in pages.paginate(Bucket=parts.netloc, Prefix=prefix)
            for entry in page.get("Contents", ())
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """A server for as long as the block lasts."""
    if given := os.environ.get(_GIVEN):
        query = urlsplit(given).query
        yield S3Server(dict(part.split("=", 1) for part in query.split("&"))["endpoint"])
        return
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    assert server._server is not None
    server._server.app = _one_at_a_time(server._server.app)
    host, port = server.get_host_and_port()
    try:
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()


def _one_at_a_time(app: Any) -> Any:
    """S3 settles who creates an object first; moto looks and then writes."""
    lock = threading.Lock()

    def locked(environ: Any, respond: Any) -> Any:
        with lock:
            return app(environ, respond)

    return locked


def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that moto takes, and nothing of whoever runs the test."""
    if _GIVEN in os.environ:
        return
    for name in [name for name in os.environ if name.upper().startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hush-hush")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def s3_settings(url: str, cache: Path, **settings: Any) -> Settings:
    """Settings of one host."""
    return Settings(storage_url=url, cache_folder=cache, **settings)
