"""Carry the rows of one table over into another database."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, func, select, tuple_, update

from shared.db.bulk import insert_rows
from shared.db.conflict import OnConflict
from shared.db.copy_shape import Key, Names, Row, Shape, check_fits, shown, values
from shared.errors import ConflictError

_AT_ONCE = 1000
"""Rows in memory; databases also limit how many values one query may name."""


@dataclass(slots=True)
class Copied:
    """How many rows of a table were read, and what became of them."""

    table: str
    read: int = 0
    written: int = 0
    skipped: int = 0
    updated: int = 0


@dataclass(slots=True)
class Fate:
    """What becomes of the rows of a table, as far as those that refer to them must know.

    Attributes:
        skipped: rows that stayed in the source, by primary key.
        moved: surrogate keys in the target, by those in the source, of rows that both have.
        shift: what a new row adds to its surrogate key.
        empty: the target had no row, so nothing can clash: two rows of one database never do.
    """

    skipped: set[Key] = field(default_factory=set)
    moved: dict[Any, Any] = field(default_factory=dict)
    shift: int = 0
    empty: bool = False


@dataclass(frozen=True, slots=True)
class TableCopy:
    """One table of a copy.

    Attributes:
        shapes, fates: of every table; those of the tables before this one are settled.
    """

    target: Connection
    shape: Shape
    shapes: Mapping[str, Shape]
    fates: Mapping[str, Fate]
    policy: OnConflict

    def run(self, source: Connection) -> Copied:
        """Carry every row over, in constant memory.

        Raises:
            ConflictError: `row_exists`, `row_clashes`.
            PermanentError: `value_does_not_fit`.
            sqlalchemy.exc.DBAPIError: the target refuses a row.
        """
        table, count = self.shape.table, Copied(self.shape.table.name)
        self._fate.empty = not self.target.scalar(select(select(table).exists()))
        if self.shape.surrogate is not None:
            last = self.target.scalar(select(func.max(table.c[self.shape.surrogate])))
            self._fate.shift = last or 0
        query = select(table).order_by(*table.primary_key.columns)
        found = source.execute(query.execution_options(yield_per=_AT_ONCE))
        for rows in found.mappings().partitions():
            count.read += len(rows)
            self._take([dict(row) for row in rows], count)
        return count

    @property
    def _fate(self) -> Fate:
        return self.fates[self.shape.table.name]

    def _take(self, rows: Sequence[Row], count: Copied) -> None:
        new: list[Row] = []
        changed: list[tuple[Row, Key]] = []
        free = [row for row in rows if not self._follows_a_skipped_one(row)]
        keys = [values(row, self.shape.key) for row in free]
        self._point_anew(free)
        known = self._in_target(free)
        for row, key, there in zip(free, keys, known, strict=True):
            if not there:
                new.append(row)
            elif self.policy is OnConflict.SKIP:
                self._skip(key)
            else:
                changed.append((row, self._same(row, there)))
        self._insert(new)
        self._update(changed)
        count.written += len(new)
        count.updated += len(changed)
        count.skipped += len(rows) - len(new) - len(changed)

    def _follows_a_skipped_one(self, row: Row) -> bool:
        """A part of what the target keeps as it is would be mixed with other parts there."""
        follows = any(
            values(row, reference.columns) in self.fates[reference.table].skipped
            for reference in self.shape.references
        )
        if follows:
            self._skip(values(row, self.shape.key))
        return follows

    def _skip(self, key: Key) -> None:
        if self._is_referred_to():
            self._fate.skipped.add(key)

    def _is_referred_to(self) -> bool:
        name = self.shape.table.name
        return any(
            name == reference.table
            for shape in self.shapes.values()
            for reference in shape.references
        )

    def _point_anew(self, rows: Sequence[Row]) -> None:
        """References to surrogate keys follow the rows that they mean."""
        for reference in self.shape.references:
            if self.shapes[reference.table].surrogate is None:
                continue
            fate, (column,) = self.fates[reference.table], reference.columns
            for row in rows:
                if (old := row[column]) is not None:
                    row[column] = fate.moved.get(old, old + fate.shift)

    def _in_target(self, rows: Sequence[Row]) -> list[set[Key]]:
        """For each row the primary keys of the target's rows that are this one, or clash."""
        known: list[set[Key]] = [set() for _ in rows]
        if self._fate.empty:
            return known
        for names in self.shape.identities:
            theirs = self._keys_by(names, {values(row, names) for row in rows})
            for row, keys in zip(rows, known, strict=True):
                if (key := theirs.get(values(row, names))) is not None:
                    keys.add(key)
        return known

    def _keys_by(self, names: Names, wanted: set[Key]) -> dict[Key, Key]:
        """Nothing equals what is not there: keys with a None are in no index either."""
        wanted = {key for key in wanted if None not in key}
        table, size = self.shape.table, len(names)
        columns = [table.c[name] for name in (*names, *self.shape.key)]
        query = select(*columns).where(tuple_(*columns[:size]).in_(list(wanted)))
        rows = self.target.execute(query) if wanted else ()
        return {tuple(row[:size]): tuple(row[size:]) for row in rows}

    def _same(self, row: Row, there: set[Key]) -> Key:
        """The key of the one row of the target that this one may take the place of."""
        name, (key, *others) = self.shape.table.name, there
        if self.policy is OnConflict.ERROR:
            raise ConflictError(
                "row_exists",
                f"{name}: the target has the row {shown(self.shape, row)} already; "
                "choose --on-conflict skip or update.",
            )
        if others or (self.shape.surrogate is None and key != values(row, self.shape.key)):
            raise ConflictError(
                "row_clashes",
                f"{name}: the row {shown(self.shape, row)} shares what must be unique with "
                "another row of the target; choose --on-conflict skip, or remove one of them.",
            )
        return key

    def _insert(self, rows: Sequence[Row]) -> None:
        table, surrogate = self.shape.table, self.shape.surrogate
        for row in rows:
            check_fits(self.shape, row, self.target.dialect.name)
            if surrogate is not None:
                row[surrogate] += self._fate.shift
        names = tuple(column.name for column in table.columns)
        if rows:
            insert_rows(self.target, table, (values(row, names) for row in rows))

    def _update(self, changed: Sequence[tuple[Row, Key]]) -> None:
        """The row, and in place of its parts those that the source will bring."""
        if not changed:
            return
        table, key = self.shape.table, self.shape.key
        self._delete_parts([there for _, there in changed])
        for row, there in changed:
            check_fits(self.shape, row, self.target.dialect.name)
            if self.shape.surrogate is not None and self._is_referred_to():
                self._fate.moved[row[self.shape.surrogate]] = there[0]
        rest = [column.name for column in table.columns if column.name not in key]
        if not rest:
            return
        same = and_(*(table.c[name] == bindparam(f"key_{name}") for name in key))
        new = update(table).values({name: bindparam(f"new_{name}") for name in rest})
        self.target.execute(
            new.where(same),
            [
                {f"key_{name}": part for name, part in zip(key, there, strict=True)}
                | {f"new_{name}": row[name] for name in rest}
                for row, there in changed
            ],
        )

    def _delete_parts(self, keys: Sequence[Key]) -> None:
        for shape in self.shapes.values():
            for reference in shape.references:
                if reference.cascades and reference.table == self.shape.table.name:
                    columns = [shape.table.c[name] for name in reference.columns]
                    self.target.execute(delete(shape.table).where(tuple_(*columns).in_(keys)))
