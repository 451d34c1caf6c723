"""Many rows at once, in the transaction of the connection that is given."""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import DBAPIError

_AT_ONCE = 1000

Rows = Iterable[Sequence[Any]]


def insert_rows(connection: Connection, table: Table, rows: Rows) -> None:
    """Write rows in constant memory: PostgreSQL's COPY, SQLite's executemany.

    Args:
        rows: a value for each column, in the order of the table.

    Raises:
        sqlalchemy.exc.DBAPIError: the database refuses a row.
    """
    _WRITERS[connection.dialect.name](connection, table, rows)


def _copy(connection: Connection, table: Table, rows: Rows) -> None:
    import psycopg
    from psycopg import sql

    dialect = connection.dialect
    bound = [column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns),
    )
    driver: psycopg.Connection[Any] = connection.connection.driver_connection  # type: ignore[assignment]
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(
                    [bind(value) if bind else value for bind, value in zip(bound, row, strict=True)]
                )
    except psycopg.Error as error:
        # As the same error of any other statement is raised.
        raise DBAPIError.instance(f"COPY {table.name}", None, error, psycopg.Error) from error


def _execute_many(connection: Connection, table: Table, rows: Rows) -> None:
    names, left = [column.name for column in table.columns], iter(rows)
    while some := list(islice(left, _AT_ONCE)):
        connection.execute(insert(table), [dict(zip(names, row, strict=True)) for row in some])


_WRITERS: dict[str, Callable[[Connection, Table, Rows], None]] = {
    "postgresql": _copy,
    "sqlite": _execute_many,
}
