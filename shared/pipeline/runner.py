"""Runs a table of steps in order, in this process."""

import logging
import time
from collections.abc import Iterator
from functools import partial

from shared.domain.task import AnyTask
from shared.pipeline.step import ChunkStep, Group, Output, Pipeline, Step
from shared.pipeline.tools import Tools

log = logging.getLogger(__name__)


def run_pipeline(pipeline: Pipeline, tools: Tools, task: AnyTask) -> None:
    """Run every step that the task wants; the first error ends the run and is raised as it is."""
    for entry in pipeline:
        for name, run in _calls(entry, tools, task):
            started = time.perf_counter()
            run()
            log.info("%s: %s took %.2f s", task.id, name, time.perf_counter() - started)


def _calls(
    entry: Step | ChunkStep | Group, tools: Tools, task: AnyTask
) -> "Iterator[tuple[str, partial[Output]]]":
    if isinstance(entry, ChunkStep):
        for chunk in entry.chunks(tools, task):
            yield f"{entry.name} {chunk.number}", partial(entry.run, tools, task, chunk)
        return
    steps = entry.steps if isinstance(entry, Group) else (entry,)
    for step in steps:
        if step.when(task):
            yield step.name, partial(step.run, tools, task)
