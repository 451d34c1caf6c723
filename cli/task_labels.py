"""`trackloop labels ask`, `show`, `confirm`: labels of frames of the service's tasks."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.connection import JsonOption, TaskArgument, UserOption, connect
from shared.domain.task import PICTURES_TO_LABEL, AnalysisOptions
from shared.errors import InvalidInputError
from shared.storage.documents import to_json

if TYPE_CHECKING:
    from api_gateway.client.answers import Labeling

ProjectOption = Annotated[str, typer.Option(help="What the labelling tool calls it.")]
PROJECT = AnalysisOptions().project


def ask(
    task: Annotated[
        str | None, typer.Argument(help="Id of the analysis.", show_default=False)
    ] = None,
    num_frames: Annotated[
        int | None,
        typer.Option(
            min=1, help=f"At most; else all of a folder, {PICTURES_TO_LABEL} chosen ones."
        ),
    ] = None,
    extracted: Annotated[
        bool, typer.Option("--extracted", help="Those that the task extracted; else chosen ones.")
    ] = False,
    folder: Annotated[
        str | None, typer.Option(help="Pictures of this folder of your area on the service.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="Whose boxes begin, in a folder.")] = None,
    project: ProjectOption = PROJECT,
    user_id: UserOption = None,
) -> None:
    """Ask people to label frames of a video, or pictures of a folder."""
    if extracted and (task is None or folder is not None):
        raise InvalidInputError(
            "invalid_option", "--extracted: name the task that extracted, and no --folder."
        )
    place = f"frames/{task}" if extracted else folder
    with connect(user_id) as client:
        asked = client.ask_for_labels(
            task, place, num_frames=num_frames, project=project, model=model
        )
    Console(highlight=False, soft_wrap=True).print(
        f"task {asked}: see how far people are with `trackloop labels show {asked}`"
    )


def show(task: TaskArgument, user_id: UserOption = None, json: JsonOption = False) -> None:
    """Show how far people are, by the task of the labels or of the analysis."""
    with connect(user_id) as client:
        found = client.labeling(task)
    _print(found, json=json)


def confirm(task: TaskArgument, user_id: UserOption = None, json: JsonOption = False) -> None:
    """Say that people are done with the pictures in the folder."""
    with connect(user_id) as client:
        found = client.confirm_labels(task)
    _print(found, json=json)


def _print(found: "Labeling", *, json: bool) -> None:
    if json:
        typer.echo(to_json(found), nl=False)
        return
    table = Table(show_header=False, box=None)
    table.add_row("task", found["task_id"])
    table.add_row("state", found["state"])
    table.add_row("project", escape(found["project"] or ""))
    table.add_row("where", escape(found["url"] or ""))
    table.add_row("labelled", f"{found['labelled']} of {found['total']}")
    if found["error"]:
        table.add_row("error", escape(f"{found['error']['code']}: {found['error']['message']}"))
    Console().print(table)
