"""Where a Label Studio is, and what opens it."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from shared.errors import InvalidInputError
from shared.settings import Settings


@dataclass(frozen=True, slots=True)
class Address:
    """One server.

    Attributes:
        url: for us, without a slash at its end.
        public: for people's browsers.
        media: the server's folder of uploads, where this host has it; else None.
    """

    url: str
    public: str
    media: Path | None
    token: str = field(repr=False)

    @property
    def path(self) -> str:
        """What all of the server's own paths begin with; mostly nothing."""
        return urlsplit(self.url).path


def read_address(settings: Settings) -> Address:
    """`labelstudio+http(s)://host:port/path?public=https://…&media=/folder`.

    Raises:
        InvalidInputError: `bad_labeling_url`, `labeling_token_missing`.
    """
    try:
        parts = urlsplit(settings.labeling_url.partition("+")[2])
        given = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        known = parts.port is None or parts.port > 0
    except ValueError:
        raise _bad_url("it cannot be read") from None
    if not parts.hostname or parts.username or parts.fragment or not known:
        raise _bad_url("it names no host, or a user too")
    if given.keys() - {"public", "media"} or not given.get("media", "/").startswith("/"):
        raise _bad_url("of options it takes ?public=https://… and ?media=/folder")
    token = settings.labeling_token
    if token is None or not token.get_secret_value().isascii():
        raise InvalidInputError(
            "labeling_token_missing",
            "TRACKLOOP_LABELING_TOKEN: Label Studio asks for one; copy it from its page "
            "Account & Settings.",
        )
    url = parts._replace(query="").geturl().rstrip("/")
    public = given.get("public", url).rstrip("/")
    media = Path(given["media"]) if "media" in given else None
    return Address(url, public, media, token.get_secret_value().strip())


def _bad_url(fault: str) -> InvalidInputError:
    return InvalidInputError(
        "bad_labeling_url",
        f"TRACKLOOP_LABELING_URL: {fault}; write labelstudio+http://host:port.",
    )
