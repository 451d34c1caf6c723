"""The steps up to the normalised video, over a temporary storage."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.task import AnalysisOptions, Task
from shared.domain.video import VideoMeta
from shared.pipeline.step import Group, Pipeline
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.index_file import read_index
from shared.vision.decode import Frame, read_frames
from shared.vision.frame_index import FrameIndex
from workers.pipeline import VIDEO_CHAIN
from workers.video_processor.download import download
from workers.video_processor.transcode import transcode
from workers.video_processor.validate import validate


@dataclass(frozen=True)
class Prepared:
    """A normalised video and what is known of it."""

    meta: VideoMeta
    index: FrameIndex
    video: Path

    def frames(self, start: int = 0, stop: int | None = None) -> list[tuple[int, float, bytes]]:
        """Ordinal, seconds and pixels of each upright frame."""
        read = read_frames(self.video, self.index, self.meta.orientation, start=start, stop=stop)
        return [(frame.ordinal, frame.seconds, _bytes(frame)) for frame in read]

    def first(self) -> Frame:
        """The first upright frame."""
        return next(read_frames(self.video, self.index, self.meta.orientation))


def prepare(tools: Tools, source: Path, max_frames: int | None = None) -> Prepared:
    """Run download, validate and transcode."""
    task = Task("task", str(source), AnalysisOptions(max_frames=max_frames))
    for step in (download, validate, transcode):
        step(tools, task)
    return Prepared(
        read_document(tools.paths.meta(task.id), VideoMeta),
        read_index(tools.paths.index(task.id)),
        tools.paths.video(task.id),
    )


def chain_until(last: str) -> Pipeline:
    """The video chain up to the step of this name, and with it."""
    names = [entry.name if not isinstance(entry, Group) else "" for entry in VIDEO_CHAIN]
    return VIDEO_CHAIN[: names.index(last) + 1]


def _bytes(frame: Frame) -> bytes:
    return b"".join(plane.tobytes() for plane in (frame.y, frame.u, frame.v))
