"""Every duration of leases, rings and recovery, in seconds."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Times:
    """The defaults suit production; tests scale them down.

    Attributes:
        lease, heartbeat: how long a claim lives, and how often it is prolonged.
        look: how often a running step is asked whether it still counts; bounds a cancel.
        short_pauses: waits between attempts inside one lease.
        resume: first wait after which a step that failed for the moment is rung again; doubles.
        resume_most: longest such wait.
        reconcile: how often the reconciler looks.
        silence: how long a queue without any claim or lease is taken for busy.
        oldest: age from which a message is rung again in any case.
        reorder: by how much a later message may overtake an earlier one of its queue; also covers
            the moment between a commit and the chain's next message.
        absent: how long a worker may say nothing before nobody counts on it.
        most_claims: claims of one step after which it is taken to kill its workers.
    """

    lease: float = 20.0
    heartbeat: float = 5.0
    look: float = 0.5
    short_pauses: tuple[float, ...] = (0.5, 2.0)
    resume: float = 10.0
    resume_most: float = 600.0
    reconcile: float = 5.0
    silence: float = 30.0
    oldest: float = 600.0
    reorder: float = 10.0
    absent: float = 30.0
    most_claims: int = 20

    @property
    def sign_of_life(self) -> timedelta:
        """Whoever runs a step and lives has shown it within this time."""
        return timedelta(seconds=1.5 * self.heartbeat)

    def resume_after(self, failures: int) -> timedelta:
        """The wait after this many failures."""
        return timedelta(seconds=min(self.resume * 2 ** (failures - 1), self.resume_most))
