"""`trackloop models`: add, list, check, show, rollback."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from shared.errors import InvalidInputError
from shared.settings import load_settings

models = typer.Typer(no_args_is_help=True, help="The models that can be run.")


@models.command()
def add(
    file: Annotated[Path, typer.Argument(help="The ONNX file.", show_default=False)],
    name: Annotated[str, typer.Option(help="Name to give it: a-z, 0-9, '_', '.', '-'.")],
    classes: Annotated[
        str, typer.Option(help="Class names in order, with commas. [the file's]")
    ] = "",
    classes_file: Annotated[
        Path | None, typer.Option(help="Class names in order, one a line. [the file's]")
    ] = None,
    decoding: Annotated[
        Literal["raw", "end2end", "grid"] | None,
        typer.Option(help="How to read its output. [by its shape]"),
    ] = None,
    size: Annotated[str, typer.Option(help="Input HxW, for a dynamic one. [the file's]")] = "",
    channels: Annotated[
        Literal["RGB", "BGR"] | None, typer.Option(help="Colour order. [RGB; grid: BGR]")
    ] = None,
    scale: Annotated[
        float | None, typer.Option(help="Pixels are multiplied by this. [1/255; grid: 1]")
    ] = None,
    mean: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Three numbers, taken off the scaled pixels. [0 0 0]"),
    ] = None,
    std: Annotated[
        tuple[float, float, float] | None,
        typer.Option(help="Three numbers that divide what is left. [1 1 1]"),
    ] = None,
    confidence: Annotated[float | None, typer.Option(help="Default threshold. [0.25]")] = None,
    iou: Annotated[float | None, typer.Option(help="Default NMS IoU. [0.7]")] = None,
    licence: Annotated[str | None, typer.Option(help="Its licence. [the file's]")] = None,
) -> None:
    """Check FILE, run it once, and keep it as a new version of NAME."""
    from shared.inference.add_model import add_model
    from shared.inference.add_request import AddRequest
    from shared.inference.models import model_store

    settings = load_settings()
    request = AddRequest(
        name=name,
        classes=_class_names(classes, classes_file),
        decoding=decoding,
        size=_size(size),
        channels=channels,
        scale=scale,
        mean=mean,
        std=std,
        confidence=confidence,
        iou=iou,
        licence=licence,
    )
    added = add_model(model_store(settings), file, request, max_bytes=settings.max_model_bytes)
    Console().print(f"added {added.manifest.label}: {len(added.manifest.classes)} classes")


@models.command("list")
def list_models() -> None:
    """List every model and version, and whether it serves, is kept, or was pruned."""
    from shared.inference.models import model_store, states_of

    table = Table("model", "state", "task", "input", "decoding", "mAP50-95", "classes", box=None)
    found = model_store(load_settings()).list()
    for model, state in zip(found, states_of(found), strict=True):
        manifest = model.manifest
        side = manifest.input
        names = ", ".join(manifest.classes[:4]) + (" …" if len(manifest.classes) > 4 else "")
        table.add_row(
            manifest.label,
            state,
            manifest.task,
            f"{side.height}×{side.width}{' dynamic' if side.dynamic_size else ''}",
            manifest.decoding,
            _measured(manifest.metrics),
            escape(f"{len(manifest.classes)}: {names}"),
        )
    Console().print(table)


@models.command()
def check(
    name: Annotated[
        str, typer.Argument(help="name or name@version. [every model]", show_default=False)
    ] = "",
) -> None:
    """Hash the files of every model, or of NAME's versions; exit 1 if one is not as published."""
    from shared.inference.drift import drifts
    from shared.inference.models import model_store

    store = model_store(load_settings())
    if "@" in name:
        found = [store.known(name)]
    elif name:
        label = store.known(name).manifest.name
        found = [model for model in store.list() if model.manifest.name == label]
    else:
        found = store.list()
    faults = list(drifts(found))
    for fault in faults:
        typer.echo(fault.message, err=True)
    if faults:
        raise typer.Exit(1)
    whole = sum(not model.pruned for model in found)
    Console().print(f"{whole} versions are as they were published")


@models.command()
def show(name: Annotated[str, typer.Argument(help="name or name@version.")]) -> None:
    """Print a model's manifest as JSON."""
    from shared.inference.models import model_store
    from shared.storage.documents import to_json

    typer.echo(to_json(model_store(load_settings()).known(name).manifest), nl=False)


@models.command()
def rollback(name: Annotated[str, typer.Argument(help="The name, without a version.")]) -> None:
    """Have the model before the present one of NAME serve again, as a new version."""
    from shared.inference.models import model_store
    from shared.inference.roll_back import RESTORED, ROLLED_BACK_FROM, roll_back

    manifest = roll_back(model_store(load_settings()), name).manifest
    earlier, present = manifest.metrics[RESTORED], manifest.metrics[ROLLED_BACK_FROM]
    Console().print(f"{manifest.label} serves: {earlier} again, in place of {present}")


def _measured(metrics: dict[str, Any]) -> str:
    """mAP50-95; a dash where nobody measured it."""
    reached = metrics.get("mAP50_95")
    return f"{reached:.3f}" if isinstance(reached, int | float) else "–"


def _class_names(names: str, file: Path | None) -> tuple[str, ...] | None:
    if names and file:
        raise InvalidInputError(
            "bad_option", "--classes and --classes-file both name the classes; give one of them."
        )
    if file:
        try:
            lines = file.read_text().splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise InvalidInputError(
                "bad_option", f"--classes-file: {file} cannot be read as text; check the path."
            ) from error
        return tuple(line.strip() for line in lines if line.strip())
    return tuple(name.strip() for name in names.split(",")) if names else None


def _size(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    height, _, width = text.lower().partition("x")
    if not (height.isdigit() and width.isdigit()):
        raise InvalidInputError(
            "bad_option", f"--size: {text} is not HEIGHTxWIDTH, such as 384x640; correct it."
        )
    return int(height), int(width)
