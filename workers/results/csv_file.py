"""results.csv: a row a box, for spreadsheets and data frames."""

import csv
from collections.abc import Iterator, Sequence

from shared.domain.task import Task
from shared.exporters.tracked_video import TrackedFrame, rounded_boxes, tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.files import publishing

HEADER = (
    "frame_index", "time_seconds", "track_id", "class_id", "class_name", "confidence",
    "x1", "y1", "x2", "y2",
)  # fmt: skip


def write_csv(tools: Tools, task: Task) -> None:
    """Publish results.csv: pixels of the upright frame, frames from 0, seconds."""
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    with (
        publishing(video.results / "results.csv") as partial,
        partial.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for frame in video.frames():
            writer.writerows(_rows(frame, video.classes))


def _rows(frame: TrackedFrame, classes: Sequence[str]) -> Iterator[Sequence[object]]:
    tracked = frame.tracked
    seconds = f"{frame.time_seconds:.6f}"
    columns = (
        tracked.track_id.tolist(),
        tracked.class_id.tolist(),
        tracked.score.tolist(),
        rounded_boxes(tracked.xyxy).tolist(),
    )
    for track_id, class_id, score, box in zip(*columns, strict=True):
        corners = (f"{side:.2f}" for side in box)
        name = classes[class_id]
        yield frame.frame_index, seconds, track_id, class_id, name, f"{score:.4f}", *corners
