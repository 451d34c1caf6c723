"""A step of a task as the database knows it."""

from dataclasses import dataclass
from enum import StrEnum


class StepState(StrEnum):
    """Where a step stands. READY: a message for it was rung, or will be at `resume_at`."""

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED_STEPS = (StepState.WAITING, StepState.READY, StepState.RUNNING)


@dataclass(frozen=True, slots=True)
class StepRef:
    """What a message says: which step of which task is ready.

    Attributes:
        part: number of the chunk; 0 for steps that run once.
        generation: the task's when the message was written; an older one is refused.
    """

    task_id: str
    name: str
    part: int
    generation: int


@dataclass(frozen=True, slots=True)
class Ring:
    """One message of a doorbell: a step and the queue that serves it."""

    name: str
    part: int
    queue: str


@dataclass(frozen=True, slots=True)
class Doorbell:
    """Messages to send for one task: chains, each rung at its first step.

    Attributes:
        chains: none of them empty; the later steps of a chain follow when the one before is done.
    """

    task_id: str
    generation: int
    chains: tuple[tuple[Ring, ...], ...]
