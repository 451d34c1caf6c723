"""`trackloop status`, `cancel`, `results`, `tasks list`, `tasks erase`: tasks of the service."""

from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from cli.connection import JsonOption, TaskArgument, UserOption, connect
from cli.fetch_results import fetch_results
from cli.task_view import print_artefacts, print_status, print_tasks
from shared.domain.task import TaskState
from shared.storage.documents import to_json

tasks = typer.Typer(no_args_is_help=True, help="The tasks of the service.")


def status(task: TaskArgument, user_id: UserOption = None, json: JsonOption = False) -> None:
    """Show where a task stands."""
    with connect(user_id) as client:
        found = client.status(task)
    if json:
        typer.echo(to_json(found), nl=False)
    else:
        print_status(Console(), found)


def cancel(task: TaskArgument, user_id: UserOption = None) -> None:
    """End a task; what runs for it stops soon. Its files stay until it is erased."""
    with connect(user_id) as client:
        found = client.cancel(task)
    Console().print(f"{found['task_id']}: {found['state']}")


def results(
    task: TaskArgument,
    out: Annotated[Path | None, typer.Option(help="Download the results into this folder.")] = None,
    user_id: UserOption = None,
    json: JsonOption = False,
) -> None:
    """List the files of a task, or download its results."""
    with connect(user_id) as client:
        found = client.results(task)
        if out is not None:
            fetch_results(client, task, out)
    if json:
        typer.echo(to_json(found), nl=False)
    elif out is None:
        print_artefacts(Console(), found)
    else:
        Console(soft_wrap=True).print(f"results: {escape(str(out))}")


@tasks.command("list")
def list_tasks(
    state: Annotated[
        list[TaskState] | None, typer.Option(help="Only these; may be repeated. [any]")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    user_id: UserOption = None,
    json: JsonOption = False,
) -> None:
    """List tasks, newest first."""
    with connect(user_id) as client:
        found = list(islice(client.tasks(state or ()), limit))
    if json:
        typer.echo(to_json(found), nl=False)
    else:
        print_tasks(Console(), found)


@tasks.command()
def erase(task: TaskArgument, user_id: UserOption = None) -> None:
    """Erase a task and every file of it, for good."""
    with connect(user_id) as client:
        client.erase(task)
    Console(highlight=False).print(f"erased {escape(task)}")
