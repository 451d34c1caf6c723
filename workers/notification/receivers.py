"""From a claimed message to its receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from shared.errors import TransientError
from shared.events.catalogue import read_event
from shared.fetch.addresses import Network
from shared.notifications.port import Channel
from shared.notifications.templates import render
from shared.notifications.webhook_channel import own_webhook
from workers.notification.attempts import Job


@dataclass(frozen=True, slots=True)
class Receivers:
    """Every way out.

    Attributes:
        allowed: networks off the public internet that webhooks of rules may reach.
        service_url: where links lead; None leaves them out.
    """

    channels: Mapping[str, Channel]
    allowed: Sequence[Network]
    service_url: str | None

    def send(self, job: Job) -> None:
        """Put it into words and hand it over.

        Raises:
            TrackloopError: as `Channel.send`; `channel_missing`.
        """
        event = read_event(orjson.dumps(job.event))
        self._channel(job).send(render(event, job.about, job.priority, self.service_url))

    def _channel(self, job: Job) -> Channel:
        if job.url is not None and job.secret is not None:
            return own_webhook(job.url, job.secret, self.allowed)
        channel = self.channels.get(job.channel or "")
        if channel is None:
            raise TransientError(
                "channel_missing",
                f"TRACKLOOP_NOTIFY_URLS: no channel {job.channel!r} is there; "
                "add it or remove the rule.",
            )
        return channel
