"""`trackloop submit`: a video for the service to analyse."""

import time
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.analysis_options import (
    BUNDLED,
    ClassesOption,
    ConfidenceOption,
    FrameSkipOption,
    IouOption,
    LinkOption,
    MaxFramesOption,
    ModelOption,
    OverlayOption,
    TrackerOption,
    class_names,
    warn_of_bundled,
)
from cli.connection import JsonOption, UserOption, connect
from cli.fetch_results import fetch_results
from cli.out_folder import check_out
from cli.progress_bar import ProgressBar
from cli.summary import print_summary
from cli.task_labels import PROJECT, ProjectOption
from cli.task_view import LiveStatus, print_status
from shared.domain.task import AnalysisOptions, Loop, TaskState
from shared.errors import InvalidInputError
from shared.fetch.scheme import scheme_of
from shared.settings import load_settings
from shared.storage.documents import to_json

if TYPE_CHECKING:
    from api_gateway.client import Client
    from api_gateway.client.answers import Status


def submit(
    source: Annotated[
        str,
        typer.Argument(
            help="A file here, which is uploaded, or a URL that the service fetches.",
            show_default=False,
        ),
    ],
    model: ModelOption = BUNDLED,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the task has ended.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Wait, and download the results into this folder.")
    ] = None,
    user_id: UserOption = None,
    json: JsonOption = False,
    classes: ClassesOption = "",
    confidence: ConfidenceOption = None,
    iou: IouOption = None,
    frame_skip: FrameSkipOption = 0,
    max_frames: MaxFramesOption = None,
    tracker: TrackerOption = "botsort",
    link: LinkOption = True,
    overlay: OverlayOption = True,
    loop: Annotated[
        Loop, typer.Option(help="What follows: label asks people for labels of some frames.")
    ] = "none",
    num_frames: Annotated[
        int, typer.Option(min=0, help="Frames to extract, or with --loop to label. [0; 100]")
    ] = 0,
    project: ProjectOption = PROJECT,
) -> None:
    """Have the service analyse SOURCE.

    With --wait the exit code is 0 if the task succeeded, else 1; Ctrl-C leaves the task running.
    """
    options = AnalysisOptions(
        model=model,
        classes=class_names(classes),
        confidence=confidence,
        iou=iou,
        frame_skip=frame_skip,
        max_frames=max_frames,
        tracker=tracker,
        link=link,
        overlay=overlay,
        loop=loop,
        num_frames=num_frames,
        project=project,
    )
    console = Console(stderr=json)
    warn_of_bundled(console, model)
    if out is not None:
        check_out(out, load_settings().storage_root)  # before hours have passed
    video = source if scheme_of(source) else _local(Path(source))
    with connect(user_id) as client:
        with ProgressBar(console) as bar:
            task = client.submit(video, asdict(options), on_upload=partial(_uploaded, bar))
        if wait or out is not None:
            _wait(console, client, task, out, json=json)
        elif json:
            typer.echo(to_json({"task_id": task}), nl=False)
        else:
            console.print(f"task {task}: {_how_to_go_on(task)}", soft_wrap=True)


def _local(file: Path) -> Path:
    if not file.is_file():
        raise InvalidInputError(
            "no_such_file", f"{file}: there is no such file here; correct the path or name a URL."
        )
    return file


def _uploaded(bar: ProgressBar, done: int, total: int) -> None:
    bar.report("", "upload", done, total, "bytes")


def _wait(console: Console, client: "Client", task: str, out: Path | None, *, json: bool) -> None:
    started = time.monotonic()
    status = _ended(console, client, task)
    succeeded = status["state"] == TaskState.SUCCEEDED
    if succeeded and out is not None:
        fetch_results(client, task, out)
    if json:
        typer.echo(to_json(status), nl=False)
    elif succeeded and out is not None:
        print_summary(console, out, time.monotonic() - started)
    else:
        print_status(console, status)
        if succeeded:
            console.print(f"its results: trackloop results {task} --out DIR", soft_wrap=True)
    if not succeeded:
        raise typer.Exit(1)


def _ended(console: Console, client: "Client", task: str) -> "Status":
    from api_gateway.client import ServiceError

    try:
        with ProgressBar(console) as bar:
            return client.wait(task, LiveStatus(bar).show)
    except (KeyboardInterrupt, ServiceError) as error:
        Console(stderr=True, soft_wrap=True).print(
            f"No longer waiting for task {task}, which goes on: {_how_to_go_on(task)}"
        )
        if isinstance(error, ServiceError):
            raise
        raise typer.Exit(130) from None


def _how_to_go_on(task: str) -> str:
    return f"look at it with `trackloop status {task}`, end it with `trackloop cancel {task}`."
