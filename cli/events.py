"""`trackloop events dead`: what no room could react to."""

from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.errors import InvalidInputError
from shared.settings import load_settings

if TYPE_CHECKING:
    from shared.messaging.dead_letters import DeadLetters

events = typer.Typer(no_args_is_help=True, help="The events between rooms.")
dead = typer.Typer(no_args_is_help=True, help="Events that a room could not react to.")
events.add_typer(dead, name="dead")

_ROOMS = ("workers", "notifications")
RoomOption = Annotated[str, typer.Option(help="Whose: workers, notifications.")]
EventArgument = Annotated[str, typer.Argument(help="Id of the event.", show_default=False)]


@dead.command("list")
def list_dead(room: RoomOption = "workers") -> None:
    """Show them, oldest first."""
    table = Table("event", "type", "task", "died", "reason", box=None)
    for letter in _letters(room).list():
        died = letter.died_at.isoformat() if letter.died_at else ""
        table.add_row(
            *map(escape, (letter.id or "-", letter.type, letter.subject, died, letter.reason))
        )
    console = Console(soft_wrap=True)
    console.print(table if table.row_count else f"No event died in {room}.")


@dead.command()
def show(event: EventArgument, room: RoomOption = "workers") -> None:
    """Print one as it was sent."""
    body = _letters(room).find(event).body
    typer.echo(orjson.dumps(orjson.loads(body), option=orjson.OPT_INDENT_2).decode())


@dead.command()
def replay(
    event: Annotated[str | None, typer.Argument(help="Id of the event.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every one of them.")] = False,
    room: RoomOption = "workers",
) -> None:
    """Send one, or all, to the room again, once the reason is mended."""
    if (event is None) != every:
        raise InvalidInputError("no_event", "Name one event, or say --all.")
    count = _letters(room).replay(event)
    typer.echo(f"{count} sent again.")


def _letters(room: str) -> "DeadLetters":
    from shared.messaging.dead_letters import DeadLetters

    if room not in _ROOMS:
        raise InvalidInputError(
            "unknown_room", f"--room: {room!r} is none; known rooms: {', '.join(_ROOMS)}."
        )
    return DeadLetters(load_settings().broker_url, room)
