"""How this deployment reaches its bucket."""

import configparser
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from obstore.store import S3Store

if TYPE_CHECKING:
    from obstore.store import S3Config

_STALL = timedelta(seconds=30)
_WHOLE = timedelta(hours=4)
"""One request, a whole download included."""
_RETRYING = timedelta(seconds=20)
"""A step is put off after that, with its lease given back."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """What `s3://bucket/prefix?endpoint=…&region=…` says. `endpoint` None: AWS."""

    name: str
    prefix: str
    endpoint: str | None
    region: str | None

    @classmethod
    def of(cls, url: str, default_endpoint: str | None) -> "Bucket":
        """Read a URL that the settings have checked."""
        parts = urlsplit(url)
        given = dict(parse_qsl(parts.query))
        return cls(
            parts.netloc, unquote(parts.path).strip("/"),
            given.get("endpoint", default_endpoint), given.get("region"),
        )  # fmt: skip


def connect(bucket: Bucket, *, retries: int) -> S3Store:
    """A client; nothing is asked yet. Not to be used in a process that forks afterwards."""
    config: S3Config = {}
    if bucket.endpoint:
        # Not `endpoint`, over which an AWS_ENDPOINT_URL_S3 in the environment would win.
        config["aws_endpoint_url_s3"] = bucket.endpoint
    if bucket.region:
        config["region"] = bucket.region
    config.update(_from_files(os.environ))  # type: ignore[typeddict-item]
    return S3Store(
        bucket.name,
        prefix=bucket.prefix or None,
        config=config,
        client_options={
            "allow_http": bucket.endpoint is not None and bucket.endpoint.startswith("http:"),
            "connect_timeout": _STALL / 3,
            "read_timeout": _STALL,
            "timeout": _WHOLE,
        },
        retry_config={"max_retries": retries, "retry_timeout": _RETRYING},
    )


def _from_files(environment: Mapping[str, str]) -> dict[str, str]:
    """Keys from the files of AWS's own tools, which the client does not read itself; it does read
    the environment, which wins, and asks for roles where there are no keys.
    """
    if "AWS_ACCESS_KEY_ID" in environment or "AWS_WEB_IDENTITY_TOKEN_FILE" in environment:
        return {}
    file = Path(environment.get("AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials")).expanduser()
    known = configparser.ConfigParser(interpolation=None)
    known.read(file)
    profile = environment.get("AWS_PROFILE", "default")
    section = known[profile] if known.has_section(profile) else {}
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    return {name: section[name] for name in names if name in section}
