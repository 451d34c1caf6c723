"""What messages can go by: a table from the URL's scheme to the code, loaded when asked for."""

import importlib
from collections.abc import Callable, Mapping

from pydantic import SecretStr

from shared.notifications.faults import bad_channel
from shared.notifications.port import Channel

Opener = Callable[[str, str], Channel]
"""Name of the channel and its URL → the channel; `InvalidInputError` names only the name."""

ADAPTERS: Mapping[str, str] = {
    "slack+https": "shared.notifications.slack_channel:open_channel",
    "slack+http": "shared.notifications.slack_channel:open_channel",
    "webhook+https": "shared.notifications.webhook_channel:open_channel",
    "webhook+http": "shared.notifications.webhook_channel:open_channel",
}
_OTHERS = "shared.notifications.apprise_channel:open_channel"
"""Whoever knows a hundred services is asked about every other scheme."""


def open_channels(urls: Mapping[str, SecretStr]) -> dict[str, Channel]:
    """The deployment's channels, by name.

    Raises:
        InvalidInputError: `bad_channel`, naming the channel and nothing that may be secret.
    """
    return {name: open_channel(name, url.get_secret_value()) for name, url in urls.items()}


def open_channel(name: str, url: str) -> Channel:
    """One channel.

    Raises:
        InvalidInputError: `bad_channel`.
    """
    scheme, found, _ = url.partition("://")
    if not found:
        raise bad_channel(name, "its URL has no scheme", f"write {' or '.join(ADAPTERS)}://…")
    module, _, attribute = ADAPTERS.get(scheme.lower(), _OTHERS).partition(":")
    opener: Opener = getattr(importlib.import_module(module), attribute)
    return opener(name, url)
