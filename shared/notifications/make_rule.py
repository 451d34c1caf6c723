"""A new rule: what somebody wants to hear, checked."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address

from shared.db.notification_tables import RuleRow
from shared.db.unit_of_work import Unit
from shared.domain.notification import Interest
from shared.errors import ConflictError, InvalidInputError, NotFoundError
from shared.events.envelope import new_id
from shared.fetch.addresses import Network, may_connect
from shared.notifications.webhook import new_secret, read_url

MOST_RULES = 100
"""Of one owner: each event is held against all of them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks for: a channel by name, or a webhook by its URL; not both.

    Attributes:
        owner: None for the operator.
        name: what its owner calls it; empty takes the channel's or the host's.
    """

    owner: str | None
    interest: Interest
    channel: str | None = None
    url: str | None = None
    name: str = ""


def make_rule(
    unit: Unit, wish: Wish, channels: Collection[str], allowed: Collection[Network]
) -> RuleRow:
    """Write the rule. It hears of what happens from now on; a webhook gets a secret of its own.

    Args:
        channels: names of those of the deployment.
        allowed: networks off the public internet that webhooks may reach.

    Raises:
        InvalidInputError: `unknown_channel`, `bad_rule`, `bad_url`, `credentials_in_url`,
            `address_forbidden`.
        ConflictError: `too_many_rules`.
    """
    where = _receiver(wish, channels, allowed)
    if unit.rules.count(wish.owner) >= MOST_RULES:
        raise ConflictError("too_many_rules", f"There are {MOST_RULES} rules; remove one first.")
    interest = wish.interest
    row = RuleRow(
        id=new_id(), owner=wish.owner, name=wish.name or where, channel=wish.channel, url=wish.url,
        secret=None if wish.url is None else new_secret(), steps=list(interest.steps),
        outcomes=list(interest.outcomes), users=list(interest.users), priority=interest.priority,
        quiet_seconds=interest.quiet_seconds, enabled=True, created_at=datetime.now(UTC),
    )  # fmt: skip
    unit.rules.add(row)
    return row


def remove_rule(unit: Unit, rule_id: str, owner: str | None, *, anybodys: bool = False) -> None:
    """Forget a rule; what waits for it is not sent any more.

    Raises:
        NotFoundError: `no_such_rule`, also when it is somebody else's.
    """
    row = unit.rules.get(rule_id)
    if row is None or not (anybodys or row.owner == owner):
        raise NotFoundError("no_such_rule", f"There is no rule {rule_id}; check the id.")
    unit.rules.delete(row)


def _receiver(wish: Wish, channels: Collection[str], allowed: Collection[Network]) -> str:
    """What to call the receiver."""
    if (wish.channel is None) == (wish.url is None):
        raise InvalidInputError(
            "bad_rule", "channel: a rule needs either a channel or a url; give one of them."
        )
    if wish.channel is not None:
        if wish.channel not in channels:
            known = ", ".join(sorted(channels)) or "none"
            raise InvalidInputError(
                "unknown_channel",
                f"channel: there is no channel {wish.channel!r}; known channels: {known}.",
            )
        return wish.channel
    host = (read_url(wish.url or "").host or "").strip("[]")
    if _is_forbidden(host, allowed):
        raise InvalidInputError(
            "address_forbidden",
            f"url: {host} lies in a network that webhooks may not reach; "
            "use a public address or extend TRACKLOOP_ALLOWED_NETWORKS.",
        )
    return host[:200]


def _is_forbidden(host: str, allowed: Collection[Network]) -> bool:
    """Of numbers only: what a name means is asked, and checked, at each sending."""
    try:
        return not may_connect(ip_address(host), allowed)
    except ValueError:
        return False
