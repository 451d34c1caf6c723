"""`trackloop keys`: create, list, revoke; on the database, whether the service runs or not."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from cli.database_unit import database_unit
from shared.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    pass

keys = typer.Typer(no_args_is_help=True, help="The API keys of the service.")


@keys.command()
def create(
    principal: Annotated[str, typer.Option(help="Who owns what is submitted with it.")],
    scopes: Annotated[
        str, typer.Option(help="With commas: read, write, act-as (for others).")
    ] = "read,write",
) -> None:
    """Make a key and print it; it is not kept and cannot be printed again."""
    wanted = _scopes(scopes)
    with database_unit() as unit:
        key = unit.api_keys.create(principal, wanted, datetime.now(UTC))
        row = unit.api_keys.find(key)
    typer.echo(key)
    Console(stderr=True, highlight=False).print(
        f"[dim]key {row.id if row else ''} of {escape(principal)}: keep it, "
        "it is shown only now.[/]"
    )


@keys.command("list")
def list_keys() -> None:
    """List every key by its id; keys themselves are not kept."""
    table = Table(Column("id", no_wrap=True), "principal", "scopes", "created", "revoked", box=None)
    with database_unit() as unit:
        for row in unit.api_keys.list():
            revoked = _moment(row.revoked_at) if row.revoked_at else ""
            table.add_row(
                row.id, escape(row.principal), ", ".join(row.scopes),
                _moment(row.created_at), revoked,
            )  # fmt: skip
    Console().print(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="See `keys list`.", show_default=False)],
) -> None:
    """From now on the key opens nothing."""
    with database_unit() as unit:
        known = unit.api_keys.revoke(key_id, datetime.now(UTC))
    if not known:
        raise NotFoundError("no_such_key", f"{key_id}: there is no such key; see `keys list`.")
    Console(highlight=False).print(f"revoked {escape(key_id)}")


def _scopes(text: str) -> list[str]:
    from shared.access.start_key import SCOPES

    wanted = [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted(set(wanted) - set(SCOPES))
    if unknown or not wanted:
        raise InvalidInputError(
            "bad_option",
            f"--scopes: {unknown[0] if unknown else 'nothing'} is no scope; "
            f"choose of {', '.join(SCOPES)}.",
        )
    return wanted


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
