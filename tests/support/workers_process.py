"""The workers in a process of their own, to be killed: database, storage and a task to wait for."""

import sys
import time
from pathlib import Path

from shared.db.migrate import prepare
from shared.tasks.status import task_status
from tests.support.databases import MIGRATIONS
from tests.support.toolbox import toolbox
from tests.support.toy import FAST
from workers.main import running_workers


def main(database_url: str, storage: str, task_id: str) -> None:
    """Run until the task has ended."""
    database = prepare(database_url, MIGRATIONS)
    with (
        toolbox(Path(storage), chunk_seconds=2.0) as tools,
        running_workers(database, tools, FAST),
    ):
        while True:
            with database.read() as unit:
                if task_status(unit, "ada", task_id).ended_at:
                    return
            time.sleep(0.05)


if __name__ == "__main__":
    main(*sys.argv[1:])
