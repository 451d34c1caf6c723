"""What a source is: a file here, or a URL that names one elsewhere.

Two schemes are for the gateway alone, which composes them from what a client asked (see
`client_source`): `storage:KEY`, a file of an area, and `upload:NAME`, a file that was put at
`Paths.source` before the task was submitted.
"""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from pydantic_core import Url, ValidationError

from shared.errors import InvalidInputError
from shared.fetch.scheme import KNOWN, bucket_and_key, scheme_of
from shared.fetch.shown import shown

_MAX_URL = 8192
"""Characters; a signed URL with a session token takes about 2,000."""


@dataclass(frozen=True, slots=True)
class LocalSource:
    """A file on this machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class HttpSource:
    """What a web server sends.

    The URL is read once, as browsers read it: every spelling of an IPv4 address becomes its four
    numbers, a name becomes ASCII, and only these parts are used from then on.
    """

    url: Url


@dataclass(frozen=True, slots=True)
class S3Source:
    """An object in a bucket. The key is taken as it stands, without percent-decoding."""

    bucket: str
    key: str


@dataclass(frozen=True, slots=True)
class StorageSource:
    """A file in somebody's area. `key`: its place under the storage root."""

    key: str


@dataclass(frozen=True, slots=True)
class UploadedSource:
    """A file that came with the task. `name`: what the client calls it."""

    name: str


Source = LocalSource | HttpSource | S3Source | StorageSource | UploadedSource


def parse_source(text: str) -> Source:
    """Tell what `text` names; nothing is opened or looked up.

    Raises:
        InvalidInputError: `unknown_scheme`, `bad_url`, `credentials_in_url`.
    """
    match scheme_of(text):
        case None:
            return LocalSource(Path(text))
        case "http" | "https":
            return parse_http(text)
        case "s3":
            return _parse_s3(text)
        case "file":
            return _parse_file(text)
        case "storage":
            return StorageSource(text.partition(":")[2])
        case "upload":
            return UploadedSource(text.partition(":")[2])
    raise unknown_scheme(text)


def unknown_scheme(text: str) -> InvalidInputError:
    """The refusal of a scheme that is not for those who name sources."""
    return InvalidInputError(
        "unknown_scheme",
        f"{shown(text)}: videos do not come by this scheme; "
        f"name a file or a URL of {', '.join(KNOWN)}.",
    )


def parse_http(text: str) -> HttpSource:
    """Read an http or https URL.

    Raises:
        InvalidInputError: `bad_url`, `credentials_in_url`.
    """
    if len(text) > _MAX_URL:
        raise _bad(text, f"the URL is longer than {_MAX_URL} characters")
    try:
        url = Url(text)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).rpartition(", ")[2]
        # Without its cause, which quotes the URL with its query and password.
        raise _bad(text, reason) from None
    if url.username or url.password:
        raise InvalidInputError(
            "credentials_in_url",
            f"{shown(text)}: the URL holds a user name or password; "
            "use a signed URL or upload the video.",
        )
    return HttpSource(url)


def _parse_s3(text: str) -> S3Source:
    found = bucket_and_key(text)
    if not found:
        raise _bad(text, "it does not read s3://bucket/key")
    if not {"", ".", ".."}.isdisjoint(found[1].split("/")):
        raise _bad(text, "the key has an empty, . or .. part")
    return S3Source(*found)


def _parse_file(text: str) -> LocalSource:
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        raise _bad(text, "it does not read file:///path") from None
    if parts.netloc not in {"", "localhost"} or not parts.path.startswith("/"):
        raise _bad(text, "it does not read file:///path")
    return LocalSource(Path(url2pathname(parts.path)))


def _bad(text: str, fault: str) -> InvalidInputError:
    return InvalidInputError("bad_url", f"{shown(text)}: {fault}; correct the URL.")
