"""Slack's incoming webhooks."""

import logging
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from slack_sdk.webhook import WebhookClient

from shared.notifications.faults import bad_channel, refused_with, unreachable
from shared.notifications.port import Message

_SECONDS = 15
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
"""What Slack reads as links and mentions."""

_log = logging.getLogger(f"{__name__}.client")
_log.setLevel(logging.CRITICAL)  # its lines of debugging hold the URL, its errors are ours to tell


@dataclass(frozen=True, slots=True)
class SlackChannel:
    """One channel of a Slack workspace."""

    name: str
    url: str = field(repr=False)

    def send(self, message: Message) -> None:
        """See `Channel.send`."""
        client = WebhookClient(self.url, timeout=_SECONDS, logger=_log, retry_handlers=[])
        try:
            answer = client.send(text=text_of(message))
        except OSError as error:
            raise unreachable(self.name) from error
        refusal = refused_with(self.name, answer.status_code)
        if refusal is not None:
            raise refusal


def text_of(message: Message) -> str:
    """The title in bold, then the text; nothing in either can mention anybody."""
    return f"*{message.title.translate(_ESCAPES)}*\n{message.text.translate(_ESCAPES)}"


def open_channel(name: str, url: str) -> SlackChannel:
    """`slack+https://hooks.slack.com/services/…`.

    Raises:
        InvalidInputError: `bad_channel`.
    """
    place = url.partition("+")[2]
    try:
        host = urlsplit(place).hostname
    except ValueError:
        host = None
    if not host:
        raise bad_channel(
            name, "its URL names no host", "write slack+https://hooks.slack.com/services/…"
        )
    return SlackChannel(f"the channel {name!r}", place)
