"""A step of a running service that is held where it matters most: all its work is done, and its
commit never ends.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from shared.domain.step import StepState

_SECONDS = 180.0
_LONGER_THAN_ANY_COMMIT = 1.0


@contextmanager
def held_commit(file: Path, step: str) -> Iterator[None]:
    """While the block lasts, this SQLite database never gets done with saying that `step` is."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(
            "CREATE VIEW endless AS WITH RECURSIVE number(n) AS "
            "(SELECT 1 UNION ALL SELECT n + 1 FROM number) SELECT n FROM number"
        )
        connection.execute("CREATE TABLE held (step, state)")
        connection.execute("INSERT INTO held VALUES (?, ?)", (step, StepState.DONE))
        connection.execute(
            "CREATE TRIGGER hold BEFORE UPDATE ON steps "
            "WHEN EXISTS (SELECT 1 FROM held WHERE step = NEW.name AND state = NEW.state) "
            "BEGIN SELECT count(*) FROM endless; END"
        )
    yield
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for kind in ("TRIGGER hold", "TABLE held", "VIEW endless"):
            connection.execute(f"DROP {kind}")


def wait_for_hold(file: Path, task_id: str, step: str, said: Callable[[], str]) -> None:
    """Until the step runs and somebody keeps the database for longer than any commit takes.

    Args:
        said: what the service had to say, for whoever has to find out why it never came to that.
    """
    end = time.monotonic() + _SECONDS
    while not (state_of(file, task_id, step) == StepState.RUNNING and _is_kept(file)):
        assert time.monotonic() < end, f"{step} is {state_of(file, task_id, step)}: {said()}"
        time.sleep(0.05)


def state_of(file: Path, task_id: str, step: str) -> str | None:
    """What was committed last; None before the task has begun."""
    with closing(sqlite3.connect(file)) as connection:
        found = connection.execute(
            "SELECT state FROM steps WHERE task_id = ? AND name = ?", (task_id, step)
        ).fetchone()
    return found[0] if found is not None else None


def _is_kept(file: Path) -> bool:
    options = {"timeout": _LONGER_THAN_ANY_COMMIT, "isolation_level": None}
    with closing(sqlite3.connect(file, **options)) as connection:  # type: ignore[arg-type]
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return True
        connection.execute("ROLLBACK")
        return False
