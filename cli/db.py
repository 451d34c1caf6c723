"""`trackloop db`: upgrade, copy."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from shared.db.conflict import OnConflict
from shared.settings import load_settings

if TYPE_CHECKING:
    from shared.db.copy_table import Copied

database = typer.Typer(no_args_is_help=True, help="The database of the service.")


@database.command()
def upgrade() -> None:
    """Bring the database to the schema of this version; safe to run several times at once."""
    from shared.db import migrate

    settings = load_settings()
    migrate.upgrade(settings.database_url, settings.migrations)
    Console().print("The database has the schema of this version.")


@database.command()
def copy(
    source: Annotated[str, typer.Option(help="sqlite:///… or postgresql+psycopg://….")],
    target: Annotated[str, typer.Option(help="The same; `db upgrade` has made its tables.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count what would happen, and write nothing.")
    ] = False,
    on_conflict: Annotated[
        OnConflict,
        typer.Option(
            help="What becomes of a row that the target has: it stays as it is, with all that "
            "belongs to it; the source's takes its place, with all that belongs to it; or nothing "
            "is copied at all."
        ),
    ] = OnConflict.ERROR,
) -> None:
    """Copy one database into another, all or nothing. Files of the storage stay where they are.

    Stop the service of the source for good first: what it has not sent yet is sent by the
    service of the target.
    """
    from shared.db.copy import copy_database
    from shared.db.copy_access import opened_for_copy

    with opened_for_copy(source, target, load_settings().migrations) as (read, written):
        copied = copy_database(read, written, on_conflict=on_conflict, dry_run=dry_run)
    Console().print(_table(copied, dry_run=dry_run))
    if dry_run:
        Console().print("Nothing was written: it was a dry run.")


def _table(copied: "Sequence[Copied]", *, dry_run: bool) -> Table:
    would = "would be " if dry_run else ""
    numbers = ("read", f"{would}written", f"{would}updated", "skipped")
    table = Table("table", *(Column(name, justify="right") for name in numbers), box=None)
    for count in copied:
        figures = (count.read, count.written, count.updated, count.skipped)
        table.add_row(count.table, *map(str, figures))
    return table
