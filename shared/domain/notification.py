"""What people want to hear, and where a message to them stands."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What happened, as rules name it."""

    SUBMITTED = "submitted"
    DOWNLOADED = "downloaded"
    COMPLETED = "completed"
    UPLOADED = "uploaded"
    REQUESTED = "requested"
    LABELLED = "labelled"
    PREPARED = "prepared"
    TRAINED = "trained"
    CONVERTED = "converted"
    JUDGED = "judged"
    DEPLOYED = "deployed"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How loud a message is; each channel shows it in its own way."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


class DeliveryState(StrEnum):
    """Where a message to one receiver stands.

    WAITING: it goes out at `due_at`. SENDING: somebody sends it, or died at it. SUPPRESSED: the
    same was said a moment before. DEAD: given up, until somebody asks for another try.
    """

    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    SUPPRESSED = "suppressed"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Interest:
    """What a rule wants to hear. An empty tuple takes all.

    Attributes:
        steps: events of these steps; one that is about no step is heard only where this is empty.
        users: whose tasks; only rules of the operator choose.
        quiet_seconds: the same is not said again so soon.
    """

    steps: tuple[str, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    users: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    quiet_seconds: int = 15
