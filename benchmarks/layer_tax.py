"""What stands around the steps costs: Celery, database, events, leases.

The whole chain by messages against the same steps in a plain loop: one process, one step at a
time, the same inferences in flight. On servers, with a process of its own for the worker, the
clock runs from the submission to the task's end, as the database has them. On a second of video the
steps themselves take hardly longer than what stands around them; there the tax, chain less loop, is
set against a chain of empty steps.
"""

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from statistics import median

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, speed, take
from benchmarks.materials import looped_demo, over
from benchmarks.servers import with_servers
from benchmarks.trackloop_run import opened, tracked_facts, warm_up
from shared.db.database import Database
from shared.db.migrate import prepare
from shared.domain.task import LIVE_TASKS, AnalysisOptions, Task, TaskState
from shared.domain.video import Chunk
from shared.messaging.room import Room, running_room
from shared.pipeline.runner import run_pipeline
from shared.pipeline.step import ChunkStep, Group, Pipeline, Step
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from shared.progress.port import Silent
from shared.storage.erasure import erase_files
from shared.tasks.submit import Submission, submit_task
from workers.pipeline import VIDEO_CHAIN
from workers.reactions import REACTIONS

NAME = "layer_tax"
_MOST_TAX, _MOST_OF_EMPTY = Target("≤", 1.05), Target("≤", 2.0)
_ROUNDS = 5


def figures(bench: Bench) -> Iterator[Figure]:
    """Two figures for a minute of video, one for a second."""
    minute = ("60 s video", partial(looped_demo, minutes=1))
    second = ("1 s video", partial(looped_demo, minutes=1 / 60))
    yield from over((minute,), NAME, bench.work, lambda case: [take(bench, _whole(case))])
    served = (minute[0], partial(with_servers, minute[1]))
    yield from over((served,), NAME, bench.work, lambda case: [take(bench, _served_whole(case))])
    yield from over((second,), NAME, bench.work, lambda case: [take(bench, _short(case))])


def _whole(case: Case) -> Pairing:
    return Pairing(
        benchmark=NAME,
        name="60 s video: chain by messages over plain loop",
        a=Side("plain loop", partial(measure, "benchmarks.trackloop_run:whole_run", case)),
        b=Side("chain", partial(measure, "benchmarks.layer_tax:chain_run", case)),
        value=lambda run: run.seconds,
        describe=speed,
        target=_MOST_TAX,
    )


def _served_whole(case: Case) -> Pairing:
    whole = _whole(case)
    return replace(
        whole,
        name="60 s video, on RabbitMQ, Redis and PostgreSQL: chain by messages over plain loop",
        b=Side("chain", partial(measure, "benchmarks.served_chain:served_run", case)),
        value=lambda run: run.facts.get("taken_seconds", run.seconds),
    )


def _short(case: Case) -> Pairing:
    return Pairing(
        benchmark=NAME,
        name="1 s video: tax over a chain of empty steps",
        a=Side("empty chain", partial(measure, "benchmarks.layer_tax:empty_run", case)),
        b=Side("tax", partial(measure, "benchmarks.layer_tax:tax_run", case)),
        value=lambda run: run.facts["taken_seconds"],
        describe=_taken,
        target=_MOST_OF_EMPTY,
    )


def _taken(runs: Sequence[Run]) -> str:
    return f"{1000 * median(run.facts['taken_seconds'] for run in runs):.0f} ms"


@contextmanager
def chain_run(case: Case) -> Iterator[Work]:
    """Run inside the child: every step by messages, from the submission to the task's end."""
    asked = case.task("asked").options
    with opened(case) as tools, _served(tools, VIDEO_CHAIN) as service:
        _warm_up(tools, case, service)
        done: list[str] = []

        def run() -> None:
            done.append(service.run(case, asked))

        def facts() -> Facts:
            return tracked_facts(tools, Task(done[0], str(case.video), asked))

        yield Work(run, facts)


@contextmanager
def tax_run(case: Case) -> Iterator[Work]:
    """Run inside the child: what the chain takes longer than the loop, a few times over."""
    task = case.task("in-a-loop")
    with opened(case) as tools, _served(tools, VIDEO_CHAIN) as service:
        _warm_up(tools, case, service)
        taken: list[float] = []

        def run() -> None:
            for _ in range(_ROUNDS):
                plain = _timed(tools, lambda: run_pipeline(VIDEO_CHAIN, tools, task))
                taken.append(_timed(tools, lambda: service.run(case, task.options)) - plain)

        yield Work(run, lambda: {"frames": 1.0, "taken_seconds": median(taken)})


@contextmanager
def empty_run(case: Case) -> Iterator[Work]:
    """Run inside the child: the same chain with steps that do nothing."""
    asked = case.task("asked").options
    with opened(case) as tools, _served(tools, _emptied(VIDEO_CHAIN)) as service:
        service.run(case, asked)
        taken: list[float] = []

        def run() -> None:
            for _ in range(_ROUNDS):
                taken.append(_timed(tools, lambda: service.run(case, asked)))

        yield Work(run, lambda: {"frames": 1.0, "taken_seconds": median(taken)})


class _Bell(Silent):
    """Rings when a task has ended; asking the database for it would be the tax itself."""

    def __init__(self) -> None:
        self.rung = threading.Event()

    def forget(self, task_id: str) -> None:
        """Ring."""
        del task_id
        self.rung.set()


@dataclass(frozen=True, slots=True)
class _Service:
    database: Database
    bell: _Bell

    def run(self, case: Case, options: AnalysisOptions) -> str:
        """Submit, and wait for the end; the task's id."""
        with self.database.begin() as unit:
            task_id = submit_task(unit, Submission("bench", str(case.video), options))
        while self._state(task_id) in LIVE_TASKS:
            self.bell.rung.wait()
            self.bell.rung.clear()
        if self._state(task_id) != TaskState.SUCCEEDED:
            raise RuntimeError(f"the task has {self._state(task_id)}")
        return task_id

    def _state(self, task_id: str) -> str:
        with self.database.read() as unit:
            row = unit.tasks.get(task_id)
        return row.state if row is not None else "vanished"


@contextmanager
def _served(tools: Tools, chain: Pipeline) -> Iterator[_Service]:
    """The workers with this chain; one step at a time, as in the loop."""
    database = prepare(tools.settings.database_url, tools.settings.migrations)
    pipelines = {"video": chain}
    room = Room("workers", REACTIONS, pipelines, partial(erase_files, tools.storage))
    bell = _Bell()
    worker = StepWorker(database, pipelines, replace(tools, progress=bell), Times())
    with running_room(room, database, worker, broker_url="memory://", threads=1):
        yield _Service(database, bell)
    database.close()


def _warm_up(tools: Tools, case: Case, service: _Service) -> None:
    warm_up(tools, case)
    service.run(case, replace(case.task("asked").options, max_frames=10))


def _timed(tools: Tools, run: Callable[[], object]) -> float:
    """Seconds that it takes when nothing was detected before."""
    shutil.rmtree(tools.paths.detections(""), ignore_errors=True)
    started = time.perf_counter()
    run()
    return time.perf_counter() - started


def _emptied(chain: Pipeline) -> Pipeline:
    return tuple(
        Group(tuple(_empty(step) for step in entry.steps))
        if isinstance(entry, Group)
        else _empty_chunks(entry)
        if isinstance(entry, ChunkStep)
        else _empty(entry)
        for entry in chain
    )


def _empty(step: Step) -> Step:
    def run(tools: Tools, task: Task) -> None:
        del tools, task

    run.__name__ = step.name
    return Step(run, queue=step.queue, when=step.when, beside=step.beside)


def _empty_chunks(step: ChunkStep) -> ChunkStep:
    def run(tools: Tools, task: Task, chunk: Chunk) -> None:
        del tools, task, chunk

    run.__name__ = step.name
    return ChunkStep(run, queue=step.queue, chunks=lambda _, __: (Chunk(0, 0, 1),))
