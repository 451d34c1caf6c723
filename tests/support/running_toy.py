"""The toy as a whole room: relay, events, reconciler and a real Celery worker in a thread."""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shared.db.database import Database
from shared.db.unit_of_work import Unit
from shared.domain.step import Doorbell, Ring, StepRef
from shared.events.envelope import Event, EventData
from shared.events.task import TaskSubmitted
from shared.messaging.room import Room, RunningRoom, running_room
from shared.pipeline.begin import begin_task
from shared.pipeline.dispatch import ring
from shared.pipeline.leases import Message
from shared.pipeline.step import ChunkStep, Step
from shared.pipeline.worker import StepWorker
from tests.support.toolbox import toolbox
from tests.support.toy import FAST, Toy, ToyRoom

CHAINS = {"first": ("second", "split"), "second": ("split",)}
"""What comes after a step in its chain."""
Fault = Callable[[StepRef], bool]
"""Done to a message; whether the message is handed on afterwards."""


class BentWorker(StepWorker):
    """A worker to which messages come lost, doubled or reordered.

    Attributes:
        faults: by task and step; each comes to pass once.
        weather: what befalls every message that meets no fault.
    """

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.faults: dict[tuple[str, str], Fault] = {}
        self.weather: Fault = lambda ref: True

    def run(self, ref: StepRef, message: Message) -> bool:
        """Run, unless the fault says that this message never came."""
        fault = self.faults.pop((ref.task_id, ref.name), self.weather)
        return fault(ref) and super().run(ref, message)


class RunningToy(ToyRoom):
    """A toy room whose messages travel by themselves.

    Attributes:
        erased: ids of tasks whose files were erased.
    """

    running: RunningRoom
    worker: BentWorker
    erased: list[str]

    def wait(self, done: Callable[[], object], seconds: float = 120) -> None:
        """Wait for something to come true."""
        end = time.monotonic() + seconds
        while not done():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    def wait_for_end(self, *task_ids: str, seconds: float = 120) -> None:
        """Wait until the tasks have ended."""
        left = list(task_ids)

        def all_ended() -> bool:
            while left and self.status(left[0]).ended_at:
                left.pop(0)
            return not left

        self.wait(all_ended, seconds)

    def send(self, ref: StepRef, *later: str) -> None:
        """Ring a step by hand, with the rest of a chain."""
        queues = {step.name: step.queue for step in _steps(self.toy)}
        chain = tuple(Ring(name, ref.part, queues[name]) for name in (ref.name, *later))
        ring(self.running.app, Doorbell(ref.task_id, ref.generation, (chain,)))

    def rings(self) -> Counter[str]:
        """How often the reconciler rang, by reason."""
        return Counter({reason.name: n for reason, n in self.running.reconciler.rings.items()})


@contextmanager
def running_toy(
    database: Database,
    tmp_path: Path,
    *,
    threads: int = 3,
    toy: Toy | None = None,
    broker_url: str = "memory://",
) -> Iterator[RunningToy]:
    """Start the room, and stop it whatever happens."""
    toy = toy or Toy()
    with toolbox(tmp_path / "storage") as tools:
        opened = RunningToy(database, toy, tools)
        opened.worker = BentWorker(database, opened.pipelines, tools, FAST)
        opened.erased = []

        def begin(unit: Unit, event: Event[EventData]) -> None:
            begin_task(unit, event.subject, opened.pipelines, datetime.now(UTC))

        room = Room(
            name=f"workers-{toy.token}",
            reactions={TaskSubmitted: begin},
            pipelines=opened.pipelines,
            erase_files=lambda erasure: opened.erased.append(erasure.task_id),
            times=FAST,
        )
        with running_room(
            room, database, opened.worker, broker_url=broker_url, threads=threads
        ) as opened.running:
            yield opened


def _steps(toy: Toy) -> Iterator[Step | ChunkStep]:
    for entry in toy.pipeline:
        yield from (entry,) if isinstance(entry, Step | ChunkStep) else entry.steps
