"""By what a row is known in another database, and to which rows it refers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import JSON, ForeignKeyConstraint, Index, String, Table, UniqueConstraint

from shared.errors import PermanentError

Row = dict[str, Any]
Key = tuple[Any, ...]
Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """Columns that hold the primary key of a row of another table.

    Attributes:
        cascades: the row goes with the one that it refers to, so it is a part of it.
    """

    columns: Names
    table: str
    cascades: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """A table as the copy sees it.

    Attributes:
        key: the primary key.
        surrogate: a primary key that each database counts for itself; it tells nothing elsewhere.
        identities: columns whose values no two rows share.
        texts: columns of text with the most characters that they take.
    """

    table: Table
    key: Names
    surrogate: str | None
    identities: tuple[Names, ...]
    references: tuple[Reference, ...]
    texts: tuple[tuple[str, int | None], ...]


def shape_of(table: Table) -> Shape:
    """Read off the table's constraints."""
    key = tuple(column.name for column in table.primary_key.columns)
    counted = table.autoincrement_column
    surrogate = counted.name if counted is not None else None
    identities = tuple(_unique(table))
    if surrogate is None:
        identities = (key, *identities)
    return Shape(
        table=table,
        key=key,
        surrogate=surrogate,
        identities=identities or (_always_there(table, surrogate),),
        references=tuple(
            found
            for constraint in table.foreign_key_constraints
            if (found := _reference(constraint)) is not None
        ),
        texts=tuple(
            (column.name, column.type.length)
            for column in table.columns
            if isinstance(column.type, String)
        ),
    )


def values(row: Row, names: Names) -> Key:
    """The row's values of these columns."""
    return tuple(row[name] for name in names)


def _unique(table: Table) -> Iterator[Names]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield tuple(column.name for column in constraint.columns)
    for index in table.indexes:
        if index.unique and not _partial(index):
            yield tuple(column.name for column in index.columns)


def _partial(index: Index) -> bool:
    return any(
        index.dialect_options[kind]["where"] is not None for kind in ("postgresql", "sqlite")
    )


def _always_there(table: Table, surrogate: str | None) -> Names:
    """Where nothing is unique by name: all that a row says from its beginning.

    JSON is left out, which PostgreSQL cannot compare.
    """
    return tuple(
        column.name
        for column in table.columns
        if not column.nullable and column.name != surrogate and not isinstance(column.type, JSON)
    )


def _reference(constraint: ForeignKeyConstraint) -> Reference | None:
    other = constraint.referred_table
    if [element.column for element in constraint.elements] != list(other.primary_key.columns):
        return None
    cascades = (constraint.ondelete or "").upper() == "CASCADE"
    return Reference(tuple(constraint.column_keys), other.name, cascades)


def shown(shape: Shape, row: Row) -> str:
    """The row as a message names it."""
    names = dict.fromkeys(name for some in (shape.key, *shape.identities) for name in some)
    return ", ".join(f"{name}={row[name]}" for name in names)


def check_fits(shape: Shape, row: Row, kind: str) -> None:
    """SQLite minds neither the length of a text nor what is in it; PostgreSQL does.

    Raises:
        PermanentError: `value_does_not_fit`.
    """
    if kind == "sqlite":
        return
    for name, length in shape.texts:
        text = row[name]
        if text is None or ("\0" not in text and (length is None or len(text) <= length)):
            continue
        fault = "holds a NUL" if "\0" in text else f"is longer than {length} characters"
        raise PermanentError(
            "value_does_not_fit",
            f"{shape.table.name}: {name} of the row {shown(shape, row)!r} {fault}, which the "
            "target does not store; correct it in the source or erase the task there.",
        )
