"""A task as the track step leaves it: a small real video, its index, plan and tracks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from shared.domain.model import ModelInput, ModelManifest
from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import Chunk, Orientation, VideoMeta
from shared.pipeline.tools import Tools
from shared.storage.columns import TRACKS, writing_rows
from shared.storage.documents import write_document
from shared.storage.files import sha256_of
from shared.storage.index_file import write_index
from shared.storage.plan import Plan
from shared.vision.frame_index import FrameIndex
from shared.vision.remux import packet_index
from tests.support.videos import make_video

LABEL = "scene@1"
CLASSES = ("person", "dog, large")  # a comma, so that CSV must quote
KEY = "0123456789abcdef"

Row = tuple[int, int, int, float, float, float, float, float]
"""frame_index, track_id, class_id, confidence, x1, y1, x2, y2."""


@dataclass(frozen=True)
class FinishedTask:
    """What the result steps find."""

    tools: Tools
    task: Task
    meta: VideoMeta
    index: FrameIndex
    rows: Sequence[Row]

    @property
    def results(self) -> Path:
        """The folder that they fill."""
        return self.tools.paths.results(self.task.id, LABEL)


def finished_task(
    tools: Tools,
    *,
    seconds: Iterable[float] | None = None,
    size: tuple[int, int] = (320, 240),
    cuts: tuple[int, ...] = (60,),
    rows: Sequence[Row] | None = None,
    options: AnalysisOptions | None = None,
    orientation: Orientation = Orientation.UPRIGHT,
    pixel_format: str = "yuv420p",
) -> FinishedTask:
    """Build one: 90 frames at 10 fps in two chunks, unless told otherwise."""
    task = Task("task", "video.mp4", options or AnalysisOptions(model="scene"))
    paths, times = tools.paths, list(seconds or (n / 10 for n in range(90)))
    _write_model(paths.models())
    paths.videos(task.id).mkdir(parents=True)
    video = make_video(
        paths.video(task.id), seconds=times, size=size, gop=30, pixel_format=pixel_format,
        # With mbtree the same pictures give other bytes about once in a hundred times.
        options={"bf": "2", "x264-params": "mbtree=0"},
    )  # fmt: skip
    index = packet_index(video)
    upright = size[::-1] if orientation.swaps_sides else size
    meta = replace(_meta(video, index, upright), orientation=orientation)
    write_index(paths.index(task.id), index)
    write_document(paths.meta(task.id), meta)
    edges = [0, *cuts, len(index)]
    chunks = tuple(Chunk(n, a, b) for n, (a, b) in enumerate(pairwise(edges)))
    write_document(paths.plan(task.id), Plan(KEY, chunks))
    rows = two_subjects(len(index)) if rows is None else rows
    write_tracks(paths.tracks(task.id, LABEL), rows, index)
    return FinishedTask(tools, task, meta, index, rows)


def two_subjects(frames: int) -> list[Row]:
    """One subject in every frame, one from frame 5 to 24 only."""
    rows: list[Row] = []
    for n in range(frames):
        rows.append((n, 1, 0, 0.875, 40.0 + n, 100.0, 80.0 + n, 180.0))
        if 5 <= n < 25:
            rows.append((n, 2, 1, 0.5, 200.0, 40.0 + n, 260.25, 90.5 + n))
    return rows


def write_tracks(target: Path, rows: Sequence[Row], index: FrameIndex) -> None:
    """Publish tracks.parquet, frame by frame."""
    columns = np.array(rows, np.float64).reshape(-1, 8)
    names = ("frame_index", "track_id", "class_id", "confidence", "x1", "y1", "x2", "y2")
    with writing_rows(target, TRACKS) as sink:
        for frame in np.unique(columns[:, 0]):
            chosen = columns[columns[:, 0] == frame]
            seconds = np.full(len(chosen), index.seconds[int(frame)])
            sink.write(
                {"time_seconds": seconds}
                | {
                    name: chosen[:, place].astype(TRACKS.field(name).type.to_pandas_dtype())
                    for place, name in enumerate(names)
                }
            )


def _write_model(models: Path) -> None:
    folder = models / "scene" / "1"
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(b"result steps never run it")
    manifest = ModelManifest(
        name="scene",
        version="1",
        task="detect",
        classes=CLASSES,
        decoding="raw",
        input=ModelInput(name="images", height=320, width=320),
        sha256=sha256_of(folder / "model.onnx"),
    )
    write_document(folder / "model.json", manifest)


def _meta(video: Path, index: FrameIndex, size: tuple[int, int]) -> VideoMeta:
    return VideoMeta(
        container="mov",
        codec="h264",
        pixel_format="yuv420p",
        width=size[0],
        height=size[1],
        orientation=Orientation.UPRIGHT,
        frame_count=len(index),
        fps=index.fps,
        duration_seconds=index.duration_seconds,
        announced_frame_count=len(index),
        announced_fps=10.0,
        size_bytes=video.stat().st_size,
        sha256=sha256_of(video),
        modified_ns=video.stat().st_mtime_ns,
        lost=("Timestamps were missing or out of order; times follow 10 fps.",),
    )
