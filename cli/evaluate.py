"""`trackloop eval`: how good tracks are against ground truth."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table


def evaluate(
    gt: Annotated[Path, typer.Option(help="Ground truth, MOTChallenge text.", show_default=False)],
    tracker: Annotated[Path, typer.Option(help="Tracks, MOTChallenge text.", show_default=False)],
    protocol: Annotated[
        Literal["pedestrian", "all"],
        typer.Option(
            help="pedestrian: MOTChallenge's, class 1 counts (-1 means 1), 2, 7, 8 and 12 are "
            "distractors; all: every class counts, classes are not compared."
        ),
    ] = "pedestrian",
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Score tracks by HOTA, MOTA and IDF1."""
    from shared.storage.documents import to_json
    from shared.tracking.metrics import score
    from shared.tracking.mot_format import read_mot

    scores = score(read_mot(gt), read_mot(tracker), protocol)
    if json:
        typer.echo(to_json(scores), nl=False)
        return
    table = Table(show_header=False, box=None)
    for name, value in asdict(scores).items():
        shown = f"{value:.3f}" if isinstance(value, float) else str(value)
        table.add_row(name.replace("_", " "), shown)
    Console().print(table)
    if scores.left_out:
        Console(stderr=True).print(
            f"{scores.left_out} boxes of other classes were left out; --protocol all counts them."
        )
