"""`trackloop train` and `deploy`: a model from labels, live only if it is better."""

from typing import Annotated, Any

import typer
from rich.console import Console

from cli.connection import TaskArgument, UserOption, connect

_SETTINGS = "name=value of the fit, such as epochs=50 or size=n; may be repeated; see docs/http.md."


def train(
    task: TaskArgument,
    setting: Annotated[list[str] | None, typer.Option("--set", help=_SETTINGS)] = None,
    deploy: Annotated[bool, typer.Option("--deploy", help="Live, if it is better.")] = False,
    user_id: UserOption = None,
) -> None:
    """Train a model on the dataset that the labelling TASK prepared."""
    from shared.training.settings import parse_fit_settings

    settings = parse_fit_settings(_values(setting or []))
    with connect(user_id) as client:
        asked = client.train(task, settings.model_dump(exclude_unset=True), deploy=deploy)
    _say(f"task {asked}: look at it with `trackloop status {asked}`")


def deploy(
    task: TaskArgument,
    force: Annotated[
        bool, typer.Option("--force", help="Whatever the figures say; it is recorded who said so.")
    ] = False,
    user_id: UserOption = None,
) -> None:
    """Let the model of the training TASK go live, if it is better than the one that serves."""
    with connect(user_id) as client:
        asked = client.deploy(task, force=force)
    _say(f"task {asked}: look at it with `trackloop status {asked}`")


def _values(settings: list[str]) -> dict[str, Any]:
    """Numbers stay text: the settings read them."""
    return {name.strip(): value.strip() for name, _, value in (s.partition("=") for s in settings)}


def _say(text: str) -> None:
    Console(highlight=False, soft_wrap=True).print(text)
