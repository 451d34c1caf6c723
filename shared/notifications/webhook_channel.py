"""Signed webhooks to a receiver of the operator's, or of a rule's owner."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit

from pydantic_core import Url

from shared.errors import InvalidInputError
from shared.fetch.addresses import Network
from shared.notifications.faults import bad_channel, refused_with
from shared.notifications.port import Message
from shared.notifications.webhook import ANYWHERE, check_secret, post, read_url


@dataclass(frozen=True, slots=True)
class WebhookChannel:
    """One receiver. `name`: what errors call it."""

    name: str
    url: Url = field(repr=False)
    secret: str = field(repr=False)
    allowed: Sequence[Network] = ()

    def send(self, message: Message) -> None:
        """See `Channel.send`."""
        answer = post(self.url, self.secret, message, allowed=self.allowed, name=self.name)
        if error := refused_with(self.name, answer.status):
            raise error


def open_channel(name: str, url: str) -> WebhookChannel:
    """`webhook+https://host/path?secret=whsec_…`; the rest of the query is the receiver's.

    Raises:
        InvalidInputError: `bad_channel`.
    """
    try:
        parts = urlsplit(url.partition("+")[2])
        # A secret may hold a plus, which forms write for a blank.
        query = parse_qsl(parts.query.replace("+", "%2B"), keep_blank_values=True)
        secret = check_secret(dict(query).get("secret", ""))
        rest = urlencode([pair for pair in query if pair[0] != "secret"])
        place = read_url(parts._replace(query=rest, fragment="").geturl())
    except (InvalidInputError, ValueError):
        raise bad_channel(
            name, "its URL cannot be used", "write webhook+https://host/path?secret=whsec_…"
        ) from None  # the cause quotes what may be secret
    return WebhookChannel(f"the channel {name!r}", place, secret, ANYWHERE)


def own_webhook(url: str, secret: str, allowed: Sequence[Network]) -> WebhookChannel:
    """The webhook of a rule, whose owner is a stranger to this network.

    Raises:
        InvalidInputError: `bad_url`, `credentials_in_url`.
    """
    place = read_url(url)
    return WebhookChannel(f"the webhook at {place.host}", place, secret, allowed)
