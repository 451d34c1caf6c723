"""Who takes turns with whom, so that a receiver that hangs holds up nobody else."""

from collections import Counter

from shared.db.deliveries import Busy
from shared.db.notification_tables import RuleRow

_CHANNEL, _OWNER = "channel:", "owner:"
_AT_ONCE = {_CHANNEL: 1, _OWNER: 4}
"""Of one channel one after the other, so that people read them in order."""
_OWNERS_AT_ONCE = 12
"""All owners' webhooks together; the operator's channels do not wait for them."""


def lane_of(rule: RuleRow) -> str:
    """The channel, or whoever had the idea of the webhook."""
    return _CHANNEL + rule.channel if rule.channel is not None else _OWNER + (rule.owner or "")


def is_channel(lane: str) -> bool:
    """Whether one receiver is behind all of the lane."""
    return lane.startswith(_CHANNEL)


class Lanes:
    """What is on its way now, in this process."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    def enter(self, lane: str) -> None:
        """One more."""
        self._under_way[lane] += 1

    def leave(self, lane: str) -> None:
        """One less."""
        self._under_way[lane] -= 1
        if not self._under_way[lane]:
            del self._under_way[lane]

    def busy(self) -> Busy:
        """What takes no more for now."""
        counts = self._under_way.items()
        full = [lane for lane, count in counts if count >= _AT_ONCE[lane[: lane.index(":") + 1]]]
        owners = sum(count for lane, count in counts if lane.startswith(_OWNER))
        return Busy(full, _OWNER if owners >= _OWNERS_AT_ONCE else None)
