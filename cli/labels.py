"""`trackloop labels`: from one tool's labels to another's, and what is wrong with them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.task_labels import ask, confirm, show
from shared.errors import InvalidInputError

if TYPE_CHECKING:
    from shared.labels.check import LabelReport

labels = typer.Typer(no_args_is_help=True, help="Labels in and out.")

_SHOWN_FAULTS = 20
_FORMATS = "coco, cvat, labelstudio, mot or yolo"
for _command in (ask, show, confirm):
    labels.command()(_command)

SourceArgument = Annotated[
    Path, typer.Argument(help="The file, or the folder of mot and yolo.", show_default=False)
]
FromOption = Annotated[str, typer.Option("--from", help=_FORMATS, show_default=False)]


@labels.command()
def check(source: SourceArgument, format_name: FromOption) -> None:
    """Say what is there, and what is wrong with it."""
    from shared.labels.check import check_labels
    from shared.labels.formats import find_format

    report = check_labels(find_format(format_name).read(source))
    _show(report)
    if report.faults:
        raise _faulty(report)


@labels.command()
def convert(
    source: SourceArgument,
    target: Annotated[
        Path, typer.Argument(help="What to write: a file, or a folder.", show_default=False)
    ],
    format_name: FromOption,
    to: Annotated[str, typer.Option("--to", help=_FORMATS, show_default=False)],
) -> None:
    """Read labels, check them, write them in another format. Pictures stay where they are."""
    from shared.labels.check import check_labels
    from shared.labels.formats import find_format

    read, write = find_format(format_name).read, find_format(to).write
    if target.exists():
        raise InvalidInputError("target_exists", f"{target} exists already; name another place.")
    found = read(source)
    report = check_labels(found)
    if report.faults:
        _show(report)
        raise _faulty(report)
    write(found, target)
    typer.echo(f"{report.pictures} pictures, {sum(report.boxes.values())} boxes: {target}")
    for what, count in report.left_out.items():
        typer.echo(f"left out: {count} {what}")


def _show(report: "LabelReport") -> None:
    console = Console(soft_wrap=True, highlight=False)
    table = Table("class", "boxes", box=None)
    for name, count in report.boxes.items():
        table.add_row(escape(name), str(count))
    console.print(table)
    console.print(
        f"{report.pictures} pictures, {report.empty} of them without a box; {report.tracks} tracks"
    )
    for what, count in report.left_out.items():
        console.print(f"left out: {count} {escape(what)}")
    for fault in report.faults[:_SHOWN_FAULTS]:
        console.print(f"{fault.code}: {escape(fault.message)}")


def _faulty(report: "LabelReport") -> InvalidInputError:
    count, first = len(report.faults), report.faults[0]
    return InvalidInputError(
        "faulty_labels", f"{count} {'fault' if count == 1 else 'faults'}; first {first.message}"
    )
