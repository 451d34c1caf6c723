"""`held_commit` on PostgreSQL: all work of a step is done, and its commit never ends."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from shared.domain.step import StepState
from tests.support.waiting import eventually

_HOLD = """
CREATE FUNCTION hold() RETURNS trigger AS $$ BEGIN PERFORM pg_sleep(3600); RETURN NEW; END $$
LANGUAGE plpgsql;
CREATE TRIGGER hold BEFORE UPDATE ON steps FOR EACH ROW
WHEN (NEW.name = '{step}' AND NEW.state = '{state}') EXECUTE FUNCTION hold()
"""
_HELD = "FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'"


class HeldCommit:
    """Of one step, by whoever runs it."""

    def __init__(self, url: str, step: str) -> None:
        self._engine = create_engine(url, isolation_level="AUTOCOMMIT")
        self._step = step

    def wait(self) -> None:
        """Until somebody has done all but this."""
        eventually(lambda: bool(self._ask(f"SELECT count(*) {_HELD}")), seconds=180)

    def begin(self) -> None:
        self._do(_HOLD.format(step=self._step, state=StepState.DONE))

    def end(self) -> None:
        """A server of its own notices only later that nobody waits for the answer any more."""
        self._ask(f"SELECT count(pg_terminate_backend(pid)) {_HELD}")
        self._do("DROP TRIGGER hold ON steps; DROP FUNCTION hold")
        self._engine.dispose()

    def _ask(self, query: str) -> object:
        with self._engine.connect() as connection:
            return connection.scalar(text(query))

    def _do(self, statements: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(statements)


@contextmanager
def held_on_postgres(url: str, step: str) -> Iterator[HeldCommit]:
    """While the block lasts, this database never gets done with saying that `step` is."""
    held = HeldCommit(url, step)
    held.begin()
    try:
        yield held
    finally:
        held.end()
