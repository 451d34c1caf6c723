"""The options of an analysis, as `run` and `submit` have them."""

from typing import Annotated

import typer
from rich.console import Console

from shared.domain.task import TrackerName

BUNDLED = "pet_hotel"

ModelOption = Annotated[str, typer.Option(help="name or name@version; see `models list`.")]
ClassesOption = Annotated[str, typer.Option(help="Class names to keep, with commas. [all]")]
ConfidenceOption = Annotated[
    float | None, typer.Option(help="Score that may start a track. [the model's]")
]
IouOption = Annotated[
    float | None, typer.Option(help="IoU above which the weaker box goes. [the model's]")
]
FrameSkipOption = Annotated[int, typer.Option(help="Frames left out between analysed ones.")]
MaxFramesOption = Annotated[int | None, typer.Option(help="Analyse only the first so many frames.")]
TrackerOption = Annotated[TrackerName, typer.Option(help="Tracker.")]
LinkOption = Annotated[bool, typer.Option(help="Join the pieces of broken tracks.")]
OverlayOption = Annotated[bool, typer.Option(help="Draw the overlay video.")]


def class_names(text: str) -> tuple[str, ...]:
    """The names between the commas."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def warn_of_bundled(console: Console, model: str) -> None:
    """Say what the bundled model cannot do, before it is run."""
    if model.partition("@")[0] == BUNDLED:
        console.print(
            f"[dim]{BUNDLED} knows only Trackloop's own synthetic scene; "
            "for other videos add a model (trackloop models add) and name it with --model.[/]"
        )
