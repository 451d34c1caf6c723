"""Copy a database into another one, of the same kind or not."""

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, func, select
from sqlalchemy.exc import DBAPIError

from shared.db.conflict import OnConflict
from shared.db.copy_shape import shape_of
from shared.db.copy_table import Copied, Fate, TableCopy
from shared.db.database import Database
from shared.db.tables import Base
from shared.errors import PermanentError


def copy_database(
    source: Database,
    target: Database,
    *,
    on_conflict: OnConflict = OnConflict.ERROR,
    dry_run: bool = False,
    metadata: MetaData = Base.metadata,
) -> Sequence[Copied]:
    """Copy every row of every table, parents first; all of it or, when anything fails, nothing.

    A row is known by its primary key and by every unique constraint; one whose primary key is
    counted by each database (`steps.id`) by the latter alone, and a new one is numbered on from
    what the target has. What refers to a row that is skipped is skipped with it; what is a part
    of a row that is updated (its reference cascades) takes the place of the parts in the target.

    Args:
        on_conflict: what becomes of rows that the target has.
        dry_run: do it all and take it back.

    Raises:
        ConflictError: `row_exists`, `row_clashes`.
        PermanentError: `value_does_not_fit`, `copy_failed`.
    """
    with source.snapshot() as reading, target.engine.connect() as writing:
        transaction = writing.begin()
        try:
            copied = _copy(reading, writing, metadata, on_conflict)
        except DBAPIError as error:
            reason = str(error.orig).partition("\n")[0]
            raise PermanentError(
                "copy_failed",
                f"The copy broke off ({reason}); nothing was written, so mend that and try again.",
            ) from error
        if dry_run:
            transaction.rollback()
            return copied
        _count_on(writing, metadata)
        transaction.commit()
    return copied


def _copy(
    source: Connection, target: Connection, metadata: MetaData, policy: OnConflict
) -> list[Copied]:
    shapes = {table.name: shape_of(table) for table in metadata.sorted_tables}
    fates = {name: Fate() for name in shapes}
    return [
        TableCopy(target, shape, shapes, fates, policy).run(source) for shape in shapes.values()
    ]


def _count_on(target: Connection, metadata: MetaData) -> None:
    """The next row that is written takes a number that is free. SQLite sees to it by itself.

    PostgreSQL never takes a sequence back: so last of all, and not in a dry run.
    """
    if target.dialect.name != "postgresql":
        return
    for table in metadata.sorted_tables:
        if (column := table.autoincrement_column) is not None:
            last = target.scalar(select(func.max(column))) or 0
            sequence = func.pg_get_serial_sequence(table.name, column.name)
            # The higher of both: rows that are gone had numbers too.
            target.execute(
                select(
                    func.setval(sequence, func.greatest(last + 1, func.nextval(sequence)), False)
                )
            )
