"""The process that runs steps, and whose children do: `python -m workers.step_process`.

`workers/supervisor.py` starts it and watches it. It has no thread, since its children are forks.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial

from shared.bootstrap import bootstrap
from shared.db.database import Database
from shared.logging import log_to_stderr
from shared.pipeline.celery_app import celery_app, queues_of
from shared.pipeline.prefork_worker import serve
from shared.pipeline.pulse import Closing
from shared.pipeline.times import Times
from shared.pipeline.worker import StepWorker
from shared.progress.adapters import open_board
from shared.settings import Settings, load_settings
from workers.pipeline import PIPELINES

_BEHIND_THE_OTHERS = 10
"""Where they share a processor with gateway and beat, which need it for moments only."""


def main(queues: str, processes: str) -> int:
    """Serve these queues (with commas) until a signal; the exit code."""
    settings = load_settings()
    os.nice(_BEHIND_THE_OTHERS)
    log_to_stderr(settings.log_format, settings.log_level, "worker")
    served = queues.split(",")
    app = celery_app(settings.broker_url, {*queues_of(PIPELINES), *served})
    return serve(app, partial(_step_worker, settings), served, int(processes))


@contextmanager
def _step_worker(settings: Settings, asked_to_end: Closing) -> Iterator[StepWorker]:
    with (
        closing(Database(settings.database_url)) as database,
        open_board(settings.redis_url) as board,
        bootstrap(settings, board) as tools,
    ):
        yield StepWorker(database, PIPELINES, tools, Times(), asked_to_end)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
