"""`trackloop track`: detections in, tracks out, both as MOTChallenge text."""

from pathlib import Path
from typing import Annotated

import typer

from shared.domain.task import TrackerName


def track(
    detections: Annotated[
        Path, typer.Argument(help="Detections, MOTChallenge text.", show_default=False)
    ],
    out: Annotated[Path, typer.Option(help="Where to write the tracks.", show_default=False)],
    tracker: Annotated[TrackerName, typer.Option(help="Tracker.")] = "botsort",
    confidence: Annotated[float, typer.Option(help="Score that may start a track.")] = 0.25,
    fps: Annotated[float, typer.Option(help="Frames a second of the sequence.")] = 30.0,
    link: Annotated[bool, typer.Option(help="Join the pieces of broken tracks.")] = True,
) -> None:
    """Follow the boxes of DETECTIONS with the same tracker and settings as `run`."""
    from shared.storage.files import publishing
    from shared.tracking.mot_format import mot_lines, read_mot
    from shared.tracking.sequence import follow

    found = read_mot(detections)
    with publishing(out) as partial, partial.open("w") as file:
        for frame_index, tracked in follow(
            found, tracker, fps=fps, confidence=confidence, link=link
        ):
            file.writelines(mot_lines(frame_index, tracked))
