"""A video from an S3 bucket.

Credentials, region and proxy are those of the environment: the deployment chooses the server, the
user only the key. So no address is checked here, but the bucket is.
"""

import os
from datetime import timedelta
from typing import TYPE_CHECKING

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError
from obstore.store import S3Store

from shared.errors import InvalidInputError, TransientError
from shared.fetch.intake import Intake
from shared.fetch.source import S3Source
from shared.settings import Settings

if TYPE_CHECKING:
    from obstore.store import S3Config

_CREDENTIALS = (
    "AWS_ACCESS_KEY_ID",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_PIECE_BYTES = 2**20
_RETRIES = 2
"""A retry goes on where the bytes ended, which starting the step again does not."""


def download_s3(source: S3Source, intake: Intake, settings: Settings) -> None:
    """Stream the object that `source` names into `intake`.

    Raises:
        InvalidInputError: `bucket_not_allowed`, `source_not_found`, `source_forbidden`,
            `download_too_slow`.
        MediaError: `too_many_bytes`, `empty_file`.
        TransientError: `source_unavailable`, `download_interrupted`.
    """
    if source.bucket not in settings.allowed_buckets:
        raise InvalidInputError(
            "bucket_not_allowed",
            f"{intake.name}: videos may not come from the bucket {source.bucket}; "
            "copy it to an allowed one or extend TRACKLOOP_ALLOWED_BUCKETS.",
        )
    try:
        _stream(source, intake, settings)
    # None of them is kept as a cause: they quote the server's answer, which may name the
    # access key, and the request.
    except FileNotFoundError:
        raise InvalidInputError(
            "source_not_found",
            f"{intake.name}: there is no such bucket or key; correct the URL.",
        ) from None
    except (PermissionDeniedError, UnauthenticatedError):
        raise InvalidInputError(
            "source_forbidden",
            f"{intake.name}: the credentials of this deployment may not read it; "
            "grant them s3:GetObject on the bucket.",
        ) from None
    except BaseError:
        raise TransientError(
            "source_unavailable",
            f"{intake.name}: the store does not answer as it should; check "
            "TRACKLOOP_S3_ENDPOINT and AWS_REGION or run the task again later.",
        ) from None
    intake.finish()


def _stream(source: S3Source, intake: Intake, settings: Settings) -> None:
    found = obstore.get(_store(source.bucket, settings), source.key)
    intake.expect(found.meta["size"])
    for piece in found.stream(min_chunk_size=_PIECE_BYTES):
        intake.take(piece)


def _store(bucket: str, settings: Settings) -> S3Store:
    stall = timedelta(seconds=settings.download_stall_seconds)
    whole = timedelta(seconds=settings.download_timeout_seconds)
    endpoint = settings.s3_endpoint
    config: S3Config = {}
    if endpoint:
        # Not `endpoint`, over which an AWS_ENDPOINT_URL_S3 in the environment would win.
        config["aws_endpoint_url_s3"] = endpoint
    if not any(os.environ.get(name) for name in _CREDENTIALS):
        # As nobody, which public buckets allow; otherwise the client would ask 169.254.169.254.
        config["skip_signature"] = True
    return S3Store(
        bucket,
        config=config,
        client_options={
            "allow_http": endpoint is not None and endpoint.startswith("http:"),
            "connect_timeout": stall,
            "read_timeout": stall,
            "timeout": whole,
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": whole},
    )
