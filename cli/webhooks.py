"""`trackloop webhooks ping`: does a receiver take what Trackloop signs?"""

from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from shared.errors import InvalidInputError, PermanentError
from shared.settings import Settings, load_settings

if TYPE_CHECKING:
    from shared.notifications.port import Message
    from shared.notifications.webhook_channel import WebhookChannel

webhooks = typer.Typer(no_args_is_help=True, help="Signed webhooks.")


@webhooks.command()
def ping(
    receiver: Annotated[
        str,
        typer.Argument(
            help="A URL, a channel of TRACKLOOP_NOTIFY_URLS, or the id of a rule.",
            show_default=False,
        ),
    ],
    secret: Annotated[
        str | None, typer.Option(help="For a URL: whsec_…; left out: a new one, which is printed.")
    ] = None,
) -> None:
    """Send a signed test event and print what the receiver answers."""
    from shared.notifications.faults import refused_with
    from shared.notifications.webhook import post

    console = Console(soft_wrap=True, highlight=False)
    channel = _channel(receiver, secret, console)
    message = _test_event()
    answer = post(channel.url, channel.secret, message, allowed=channel.allowed, name=channel.name)
    console.print(f"webhook-id: {message.id}")
    console.print(f"answer: HTTP {answer.status} after {answer.seconds:.2f} s")
    if answer.text:
        console.print(escape(answer.text))
    refusal = refused_with(channel.name, answer.status)
    if refusal is not None:
        raise refusal


def _channel(receiver: str, secret: str | None, console: Console) -> "WebhookChannel":
    """Where the operator says, the guard against private addresses has nothing to say."""
    from shared.notifications.webhook import ANYWHERE, check_secret, new_secret, read_url
    from shared.notifications.webhook_channel import WebhookChannel, open_channel

    settings = load_settings()
    if receiver in settings.notify_urls:
        url = settings.notify_urls[receiver].get_secret_value()
        if not url.lower().startswith("webhook+"):
            raise InvalidInputError(
                "no_webhook", f"{receiver}: this channel is no webhook; name one that is."
            )
        return open_channel(receiver, url)
    if "://" not in receiver:
        return _of_rule(receiver, settings)
    if receiver.lower().startswith("webhook+"):
        return open_channel("of the command line", receiver)
    place = read_url(receiver)
    if secret is None:
        secret = new_secret()
        console.print(f"secret: {secret}")
    return WebhookChannel(f"the webhook at {place.host}", place, check_secret(secret), ANYWHERE)


def _of_rule(rule_id: str, settings: Settings) -> "WebhookChannel":
    from shared.db.migrate import prepare
    from shared.notifications.webhook_channel import own_webhook

    with (
        closing(prepare(settings.database_url, settings.migrations)) as database,
        database.read() as unit,
    ):
        rule = unit.rules.get(rule_id)
    if rule is None or rule.url is None or rule.secret is None:
        known: Sequence[str] = sorted(settings.notify_urls)
        raise PermanentError(
            "no_webhook",
            f"{rule_id}: no URL, and neither a channel ({', '.join(known) or 'there is none'}) "
            "nor the id of a rule with a webhook; name one of these.",
        )
    return own_webhook(rule.url, rule.secret, settings.allowed_networks)


def _test_event() -> "Message":
    from shared.domain.notification import Outcome, Priority
    from shared.events.envelope import new_id
    from shared.notifications.port import Message

    title, text = "Trackloop: test", "If you read this, webhooks arrive."
    data = {"title": title, "text": text}
    return Message(
        new_id(), "webhook.ping.v1", datetime.now(UTC), Outcome.COMPLETED, Priority.NORMAL,
        title, text, data,
    )  # fmt: skip
