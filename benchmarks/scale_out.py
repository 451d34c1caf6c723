"""What a second worker process brings to the detect step, and what a second bare loop brings.

A: two bare loops against one, the same `detect` on half of the chunks each, no service. B: two
`trackloop worker --queues inference --concurrency 1` against one such process, on PostgreSQL and
RabbitMQ, from the first claim of a chunk to the last commit. One inference in flight in each
process. Each run measures one and two right after each other; compared is the speed-up. A bare
loop reads ahead in a thread of its own and so takes more than one core: two of them on two cores
are less than twice as fast.
"""

import multiprocessing
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from multiprocessing.connection import Connection
from statistics import median

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, measure
from benchmarks.deployment import Deployment, deployed
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import looped_demo, over
from benchmarks.servers import with_servers
from benchmarks.trackloop_run import opened
from shared.bootstrap import bootstrap
from shared.domain.task import Task
from shared.domain.video import Chunk
from shared.pipeline.tools import Tools
from shared.progress.port import Silent
from shared.settings import Settings
from shared.storage.plan import read_plan
from shared.tasks.submit import Submission
from workers.model_inference.detect import detect
from workers.video_processor.download import download
from workers.video_processor.plan import plan
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate

NAME = "scale_out"
_MINUTES, _CHUNK_SECONDS = 3.0, 10.0
_LEAST_CHUNKS = 12
"""With fewer of them, whoever takes the odd one decides."""
_WARM_UP_FRAMES = 600
_LEAST = Target("≥", 0.9)
_INFERENCE = ("worker", "--queues", "inference", "--concurrency", "1")
_OTHERS = ("worker", "--queues", "video,results", "--concurrency", "1")


def figures(bench: Bench) -> Iterator[Figure]:
    """The ratio of the two speed-ups."""
    source = ("detect", partial(with_servers, partial(looped_demo, minutes=_MINUTES)))
    return over((source,), NAME, bench.work, lambda case: [take(bench, _pairing(case))])


def _pairing(case: Case) -> Pairing:
    return Pairing(
        benchmark=NAME,
        name="detect, two processes against one: workers' speed-up over bare loops'",
        a=Side("bare loops", partial(measure, "benchmarks.scale_out:loops_run", case)),
        b=Side("workers", partial(measure, "benchmarks.scale_out:workers_run", case)),
        value=_speed_up,
        describe=_described,
        target=_LEAST,
    )


def _speed_up(run: Run) -> float:
    return run.facts["one_seconds"] / run.facts["two_seconds"]


def _described(runs: Sequence[Run]) -> str:
    one, two = (median(run.facts[f"{count}_seconds"] for run in runs) for count in ("one", "two"))
    chunks = runs[0].facts["chunks"]
    return (
        f"{median(map(_speed_up, runs)):.2f} times as fast with two "
        f"(one {one:.1f} s, two {two:.1f} s, {chunks:g} chunks)"
    )


@contextmanager
def workers_run(case: Case) -> Iterator[Work]:
    """Run inside the child: a task for one worker, then one for two."""
    taken: dict[str, float] = {}
    with _storage(case) as tools:
        root = tools.settings.storage_root
        with deployed(root, threads=1, chunk_seconds=_CHUNK_SECONDS) as here:
            here.start("beat", "beat")
            here.start("others", *_OTHERS)

            def run() -> None:
                for count in ("one", "two"):
                    here.start(count, *_INFERENCE)
                    # As many chunks as let every process load the model.
                    _detected(here, tools, case, max_frames=_WARM_UP_FRAMES)
                    taken[f"{count}_seconds"] = _detected(here, tools, case)

            yield Work(run, lambda: {**_sizes(tools, case), **taken})


def _detected(here: Deployment, tools: Tools, case: Case, max_frames: int | None = None) -> float:
    """Seconds that the detection of a video took, as the rows of its steps have them."""
    _forget(tools)
    options = replace(_task(case).options, max_frames=max_frames)
    _, steps = here.finish(Submission("bench", str(case.video), options))
    chunks = [step for step in steps if step.name == detect.__name__]
    begun = min(step.started_at for step in chunks if step.started_at)
    ended = max(step.ended_at for step in chunks if step.ended_at)
    return (ended - begun).total_seconds()


@contextmanager
def loops_run(case: Case) -> Iterator[Work]:
    """Run inside the child: one loop over every chunk, then two over half of them each."""
    taken: dict[str, float] = {}
    with _storage(case) as tools:

        def run() -> None:
            for count, name in ((1, "one"), (2, "two")):
                taken[f"{name}_seconds"] = _looped(case, tools, count)

        yield Work(run, lambda: {**_sizes(tools, case), **taken})


def _looped(case: Case, tools: Tools, count: int) -> float:
    """Seconds of so many processes at once; they are ready before the clock starts."""
    chunks = _chunks(tools, case)
    with ExitStack() as started:
        lines = [
            started.enter_context(_loop(case, tools.settings, chunks[number::count]))
            for number in range(count)
        ]
        for line in lines:
            line.recv()
        _forget(tools)
        before = time.perf_counter()
        for line in lines:
            line.send("go")
        for line in lines:
            line.recv()
        return time.perf_counter() - before


@contextmanager
def _loop(case: Case, settings: Settings, chunks: Sequence[Chunk]) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_detect, args=(case, settings, chunks, theirs), daemon=True)
    process.start()
    theirs.close()  # so that a loop that dies is seen as an end of file
    with ours:  # one that still waits when another has died sees the same
        yield ours
    process.join()


def _detect(case: Case, settings: Settings, chunks: Sequence[Chunk], line: Connection) -> None:
    task = _task(case)
    with bootstrap(settings, Silent()) as tools:
        detect(tools, task, chunks[0])  # loads the model
        line.send("ready")
        line.recv()
        for chunk in chunks:
            detect(tools, task, chunk)
        line.send("done")


@contextmanager
def _storage(case: Case) -> Iterator[Tools]:
    """The video as the chain leaves it for detection, one inference in flight."""
    with opened(case, threads=1, chunk_seconds=_CHUNK_SECONDS) as tools:
        for step in (download, validate, transcode, plan):
            step(tools, _task(case))
        found = len(_chunks(tools, case))
        if found < _LEAST_CHUNKS:
            raise RuntimeError(f"{found} chunks are too few; it needs {_LEAST_CHUNKS}")
        yield tools


def _task(case: Case) -> Task:
    return case.task("looped")


def _chunks(tools: Tools, case: Case) -> Sequence[Chunk]:
    return read_plan(tools.paths.plan(_task(case).id)).chunks


def _sizes(tools: Tools, case: Case) -> Facts:
    chunks = _chunks(tools, case)
    return {"frames": float(chunks[-1].stop), "chunks": float(len(chunks))}


def _forget(tools: Tools) -> None:
    """What was detected before would not be detected again."""
    shutil.rmtree(tools.paths.detections(""), ignore_errors=True)
