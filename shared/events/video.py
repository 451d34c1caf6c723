"""Events of a video."""

from typing import ClassVar
from urllib.parse import urlsplit, urlunsplit

from pydantic import Field, field_validator

from shared.events.envelope import EventData


class VideoDownloaded(EventData):
    """A video lies in the storage. `source` names where from, without anything secret."""

    TYPE: ClassVar[str] = "video.downloaded.v1"

    bytes: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    source: str

    @field_validator("source")
    @classmethod
    def _nothing_secret(cls, source: str) -> str:
        if source != public_source(source):
            raise ValueError("source carries credentials or a query; use public_source")
        return source


def public_source(source: str) -> str:
    """The source without user, password, query and fragment: signed links keep keys there."""
    if "://" not in source:
        return source
    parts = urlsplit(source)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
