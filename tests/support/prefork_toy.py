"""The toy's steps in a worker with processes of its own, as on servers; `second` takes its time."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from shared.db.database import Database
from shared.domain.task import Task
from shared.logging import log_to_stderr
from shared.pipeline.celery_app import celery_app, queues_of
from shared.pipeline.prefork_worker import serve
from shared.pipeline.pulse import Closing
from shared.pipeline.times import Times
from shared.pipeline.tools import Tools
from shared.pipeline.worker import StepWorker
from tests.support.toolbox import toolbox
from tests.support.toy import Toy


def main(
    database_url: str, broker_url: str, storage: str, token: str, seconds: str, processes: str
) -> int:
    """Serve the toy of this token until a signal; the file `runs` beside the storage gets a line
    for each run of a step.
    """
    log_to_stderr("text", "info", "worker")
    toy, root = Toy(token=token), Path(storage)

    def during(tools: Tools, task: Task, name: str) -> None:
        with (root.parent / "runs").open("a") as runs:
            runs.write(f"{name}\n")
        end = time.monotonic() + (float(seconds) if name == "second" else 0)
        while time.monotonic() < end:
            tools.progress.report(task.id, name, 0, None, "s")
            time.sleep(0.1)

    toy.during = during

    @contextmanager
    def open_worker(asked_to_end: Closing) -> Iterator[StepWorker]:
        with closing(Database(database_url)) as database, toolbox(root) as tools:
            yield StepWorker(database, {"toy": toy.pipeline}, tools, Times(), asked_to_end)

    queues = sorted(queues_of({"toy": toy.pipeline}))
    return serve(celery_app(broker_url, queues), open_worker, queues, int(processes))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
