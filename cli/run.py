"""`trackloop run`: a video in, tracked results out."""

import time
from pathlib import Path
from typing import Annotated

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
from cli.out_folder import default_out
from cli.progress_bar import ProgressBar
from cli.summary import print_summary
from shared.bootstrap import bootstrap
from shared.domain.task import AnalysisOptions
from shared.settings import load_settings


def run(
    video: Annotated[Path, typer.Argument(help="The video file.", show_default=False)],
    model: ModelOption = BUNDLED,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the results. [default: runs/<video name>]")
    ] = None,
    classes: ClassesOption = "",
    confidence: ConfidenceOption = None,
    iou: IouOption = None,
    frame_skip: FrameSkipOption = 0,
    max_frames: MaxFramesOption = None,
    tracker: TrackerOption = "botsort",
    link: LinkOption = True,
    overlay: OverlayOption = True,
) -> None:
    """Analyse VIDEO: detect, track, and write CSV, JSON, MOT, a notebook and an overlay video.

    Interrupt it with Ctrl-C; running it again goes on from the last finished detection chunk.
    """
    console = Console()
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
    )
    warn_of_bundled(console, model)
    target = out or default_out(video)
    started = time.monotonic()
    with ProgressBar(console) as progress, bootstrap(load_settings(), progress) as tools:
        from cli.analyse import analyse  # the chain loads numpy, av and cv2: not for --help

        analyse(tools, video, options, target)
    print_summary(console, target, time.monotonic() - started)
