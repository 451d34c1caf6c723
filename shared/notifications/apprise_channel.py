"""Email, and every other service that apprise serves."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from apprise import Apprise, AppriseAsset, NotifyBase, NotifyFormat, NotifyType

from shared.domain.notification import Outcome
from shared.errors import InvalidInputError, TransientError
from shared.notifications.faults import bad_channel
from shared.notifications.port import Message

_log = logging.getLogger("apprise")
_log.setLevel(logging.CRITICAL)  # what it says of a URL holds the password

_TYPES: Mapping[Outcome, NotifyType] = {
    Outcome.SUCCEEDED: NotifyType.SUCCESS,
    Outcome.FAILED: NotifyType.FAILURE,
    Outcome.CANCELLED: NotifyType.WARNING,
}


@dataclass(frozen=True, slots=True)
class AppriseChannel:
    """One receiver of one service."""

    name: str
    url: str = field(repr=False)

    def send(self, message: Message) -> None:
        """See `Channel.send`."""
        told = Apprise()
        # Anew each time: what it keeps between two messages is not made for two threads.
        told.add(_plugin(self.name, self.url))
        sort = _TYPES.get(message.outcome, NotifyType.INFO)
        taken = told.notify(
            body=message.text, title=message.title, notify_type=sort, body_format=NotifyFormat.TEXT
        )
        if not taken:
            raise TransientError(
                "receiver_refused",
                f"{self.name} did not take the message; check its server, address and password.",
            )


def open_channel(name: str, url: str) -> AppriseChannel:
    """Whatever apprise understands, `mailto://user:password@host?to=…` among it.

    Raises:
        InvalidInputError: `bad_channel`.
    """
    plugin = _plugin(name, url)
    if len(plugin) > 1:
        # It sends to one after the other; where one fails, the others would hear again and again.
        raise bad_channel(
            name,
            f"its URL names {len(plugin)} receivers",
            "name one, for mail the others by &cc=, or make a channel for each",
        )
    return AppriseChannel(f"the channel {name!r}", url)


def _plugin(name: str, url: str) -> NotifyBase:
    asset = AppriseAsset(app_id="Trackloop", app_desc="Trackloop", app_url="")
    plugin = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
    if not isinstance(plugin, NotifyBase):
        raise _not_understood(name)
    if "format" not in dict(parse_qsl(urlsplit(url).query)):
        plugin.notify_format = NotifyFormat.TEXT
    return plugin


def _not_understood(name: str) -> InvalidInputError:
    return bad_channel(
        name,
        "its URL is not understood",
        "write slack+https://…, webhook+https://…, mailto://… or another URL of apprise",
    )
