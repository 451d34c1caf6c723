"""Write a row unless its key is taken, in one question and without spoiling the transaction."""

from typing import Any

from sqlalchemy import inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, make_transient_to_detached

from shared.db.tables import Base

_INSERTS: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_once(session: Session, row: Base) -> bool:
    """Whether it was written; where a key of it is taken, nothing is.

    A savepoint around a plain INSERT would do the same with three questions, for every row. Of two
    transactions with one key the later waits for the end of the earlier.
    """
    table = inspect(type(row)).local_table
    insert = _INSERTS[session.get_bind().dialect.name]
    given = {name: value for name, value in row.__dict__.items() if name in table.columns}
    written = insert(table).values(given).on_conflict_do_nothing().returning(*table.primary_key)
    if session.execute(written).first() is None:
        return False
    # From now on a row like any other; what the database filled in is read when somebody asks.
    make_transient_to_detached(row)
    session.add(row)
    return True
