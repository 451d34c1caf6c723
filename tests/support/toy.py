"""A small pipeline with every kind of stage, whose steps count how often they ran."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from shared.db.database import Database
from shared.db.outbox import DOORBELL, doorbell_of
from shared.db.unit_of_work import Unit
from shared.domain.step import Ring, StepRef, StepState
from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import Chunk
from shared.events.envelope import new_id
from shared.events.video import VideoDownloaded
from shared.pipeline.begin import begin_task
from shared.pipeline.leases import Message, claim_step
from shared.pipeline.step import ChunkStep, Finished, Group, Pipeline, Plain, Step
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from shared.storage.files import write_bytes
from shared.tasks.status import TaskStatus, task_status
from shared.tasks.submit import Submission, submit_task
from tests.support.toolbox import toolbox

FAST = Times(
    lease=8.0, heartbeat=0.5, look=0.05, short_pauses=(0.01, 0.01), resume=0.2, reconcile=0.2,
    silence=8.0, reorder=4.0,
)  # fmt: skip
STEPS = ("first", "second", "aside", "split", "each", "join", "left", "right", "last")


class Toy:
    """first → second → split (aside beside) → each, in pieces → join → left, right → last.

    Attributes:
        runs: how often each function was called, by (task, step, part).
        during: called inside every step function.
    """

    def __init__(self, pieces: int = 3, token: str | None = None) -> None:
        """`token`: of a toy in another process, to share its queues."""
        self.pieces = pieces
        self.token = token or new_id()[-12:]
        self.runs: Counter[tuple[str, str, int]] = Counter()
        self.during: Callable[[Tools, Task, str], None] = lambda tools, task, name: None
        self._lock = threading.Lock()
        self.pipeline: Pipeline = (
            Step(self._plain("first"), queue=self.queue("early"), leaves=_leaves, announces=_event),
            Step(self._plain("second"), queue=self.queue("early")),
            Step(self._plain("aside"), queue=self.queue("aside"), beside=True),
            Step(self._plain("split"), queue=self.queue("early")),
            ChunkStep(self._each(), queue=self.queue("each"), chunks=self._chunks),
            Step(self._plain("join"), queue=self.queue("late"), retries=1),
            Group(
                (
                    Step(self._plain("left"), queue=self.queue("late")),
                    Step(self._plain("right"), queue=self.queue("late")),
                    Step(
                        self._plain("unwanted"),
                        queue=self.queue("late"),
                        when=lambda task: task.source == "everything",
                    ),
                )
            ),
            Step(self._plain("last"), queue=self.queue("late")),
        )

    def queue(self, name: str) -> str:
        """The in-memory broker is one for the whole process: no two tests share a queue."""
        return f"{name}-{self.token}"

    def run(self, tools: Tools, task: Task, name: str, part: int = 0) -> None:
        with self._lock:
            self.runs[task.id, name, part] += 1
        self.during(tools, task, name)

    def expected(self, task_id: str) -> dict[tuple[str, str, int], int]:
        """Every step of the task, once."""
        once = {(task_id, name, 0): 1 for name in STEPS if name != "each"}
        return once | {(task_id, "each", part): 1 for part in range(self.pieces)}

    def runs_of(self, task_id: str) -> dict[tuple[str, str, int], int]:
        return {key: count for key, count in self.runs.items() if key[0] == task_id}

    def _plain(self, name: str) -> Plain:
        def run(tools: Tools, task: Task) -> None:
            self.run(tools, task, name)

        run.__name__ = name
        return run

    def _each(self) -> Callable[[Tools, Task, Chunk], None]:
        def each(tools: Tools, task: Task, chunk: Chunk) -> None:
            self.run(tools, task, "each", chunk.number)

        return each

    def _chunks(self, _: Tools, __: Task) -> list[Chunk]:
        return [Chunk(n, n, n + 1) for n in range(self.pieces)]


class ToyRoom:
    """The toy over a real database, without a broker: messages are handed over by the test."""

    def __init__(self, database: Database, toy: Toy, tools: Tools, times: Times = FAST) -> None:
        self.database, self.toy, self.times = database, toy, times
        self.pipelines = {"toy": toy.pipeline}
        self.worker = StepWorker(database, self.pipelines, tools, times)

    def submit(self, begin: bool = True, source: str = "a.mp4") -> str:
        with self.database.begin() as unit:
            task_id = self.submit_into(unit, source)
            if begin:
                begin_task(unit, task_id, self.pipelines, datetime.now(UTC))
        return task_id

    def submit_into(self, unit: Unit, source: str = "a.mp4") -> str:
        return submit_task(unit, Submission("ada", source, AnalysisOptions(), pipeline="toy"))

    def claim(self, task_id: str, name: str, part: int = 0) -> bool:
        """Claim a step as a worker does that dies thereafter."""
        now = datetime.now(UTC)
        with self.database.begin() as unit:
            message = Message(new_id(), now, redelivered=False)
            ref = StepRef(task_id, name, part, 0)
            return claim_step(unit, ref, message, self.times, now) is not None

    def status(self, task_id: str) -> TaskStatus:
        with self.database.read() as unit:
            return task_status(unit, "ada", task_id)

    def states(self, task_id: str) -> dict[tuple[str, int], StepState]:
        return {(step.name, step.part): step.state for step in self.status(task_id).steps}

    def ring(self, task_id: str, name: str, part: int = 0, **message: object) -> bool:
        """Hand the worker a message, rung now, unless told otherwise."""
        fields = {"id": new_id(), "rung_at": datetime.now(UTC), "redelivered": False} | message
        with self.database.read() as unit:
            row = unit.tasks.get(task_id)
            generation = row.generation if row else 0
        return self.worker.run(StepRef(task_id, name, part, generation), Message(**fields))  # type: ignore[arg-type]

    def doorbells(self) -> list[tuple[Ring, ...]]:
        """The chains that would be sent now; they are marked as sent."""
        with self.database.begin() as unit:
            rows = unit.outbox.unsent(1000)
            unit.outbox.mark_sent([row.id for row in rows])
            return [
                chain for row in rows if row.kind == DOORBELL for chain in doorbell_of(row).chains
            ]

    def run_until(self, task_id: str, stop: str) -> None:
        """Run every step in order up to `stop`, which stays ready."""
        for name in STEPS:
            if name == stop:
                return
            for part in range(self.toy.pieces if name == "each" else 1):
                assert self.ring(task_id, name, part), name


@contextmanager
def toy_room(database: Database, tmp_path: Path, pieces: int = 3) -> Iterator[ToyRoom]:
    with toolbox(tmp_path / "storage") as tools:
        yield ToyRoom(database, Toy(pieces), tools)


def _leaves(tools: Tools, task: Task) -> dict[str, Path]:
    write_bytes(tools.paths.source(task.id), b"film")
    return {"source": tools.paths.source(task.id)}


def _event(_: Tools, task: Task, finished: Finished) -> VideoDownloaded:
    (source,) = finished.artefacts
    return VideoDownloaded(
        user_id=finished.user_id, bytes=source.size, sha256=source.sha256, source=task.source
    )
