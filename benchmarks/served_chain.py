"""The whole chain on servers, run inside the child: beat and one worker, processes of their own."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from benchmarks.case import Case
from benchmarks.child import Facts, Work, cores
from benchmarks.deployment import deployed
from benchmarks.trackloop_run import opened, tracked_facts
from shared.db.tables import TaskRow
from shared.domain.task import Task
from shared.tasks.submit import Submission

_WARM_UP_FRAMES = 30


@contextmanager
def served_run(case: Case) -> Iterator[Work]:
    """One step at a time, as many inferences in flight as in the loop; the model is loaded."""
    options = case.task("asked").options
    asked = Submission("bench", str(case.video), options)
    with (
        opened(case) as tools,
        deployed(tools.settings.storage_root, threads=cores()) as here,
    ):
        here.start("beat", "beat")
        here.start("worker", "worker", "--concurrency", "1")
        here.finish(replace(asked, options=replace(options, max_frames=_WARM_UP_FRAMES)))
        done: list[TaskRow] = []
        before = here.cpu_seconds()

        def run() -> None:
            done.append(here.finish(asked)[0])

        def facts() -> Facts:
            (task,) = done
            if task.ended_at is None:
                raise RuntimeError("the task has no end")
            return {
                "taken_seconds": (task.ended_at - task.created_at).total_seconds(),
                "cpu_seconds": here.cpu_seconds() - before,
                **tracked_facts(tools, Task(task.id, str(case.video), options)),
            }

        yield Work(run, facts)
