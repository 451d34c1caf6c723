"""Pictures of the video, evenly spread."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from shared.domain.task import AnalysisOptions, FrameOptions, Task
from shared.domain.video import VideoMeta
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import read_document
from shared.storage.files import publishing_folder
from shared.storage.index_file import read_index
from shared.vision.colours import ColourSpace, colour_space_of
from shared.vision.container import open_container
from shared.vision.decode import Frame, read_frames
from shared.vision.frame_index import FrameIndex
from shared.vision.picture import jpeg


def extract_frames(tools: Tools, task: Task[AnalysisOptions | FrameOptions]) -> Output:
    """Publish upright JPEGs, as many as the options say where the video is that long.

    Returns:
        `frames`, the names of the artefacts, and their `count`.

    Raises:
        MediaError: `video_changed`.
        TransientError: `disk_full`.
    """
    paths = tools.paths
    meta = read_document(paths.meta(task.id), VideoMeta)
    index = read_index(paths.index(task.id))
    wanted = index.spread(task.options.num_frames)
    progress = StepProgress(tools.progress, task.id, "extract_frames", "frames")
    video = paths.video(task.id)
    space, done = _colour_space(video), 0
    with publishing_folder(paths.frames(task.id), workplace=paths.videos(task.id)) as folder:
        for frame, is_wanted in _decoded(video, index, meta, wanted):
            if is_wanted:
                picture = jpeg(frame, space, meta.width, meta.height)
                (folder / paths.frame(task.id, frame.ordinal).name).write_bytes(picture)
                done += 1
            progress.update(done, len(wanted))
    names = [f"frames/{paths.frame(task.id, ordinal).name}" for ordinal in wanted]
    return {"frames": list(names), "count": len(names)}


def _decoded(
    video: Path, index: FrameIndex, meta: VideoMeta, wanted: list[int]
) -> Iterator[tuple[Frame, bool]]:
    """Every frame that must be decoded, and whether it is wanted itself."""
    for start, ordinals in index.by_keyframe(wanted):
        chosen = set(ordinals)
        frames = read_frames(video, index, meta.orientation, start=start, stop=ordinals[-1] + 1)
        with closing(frames):
            for frame in frames:
                yield frame, frame.ordinal in chosen


def _colour_space(video: Path) -> ColourSpace:
    with open_container(video, "mov") as container:
        return colour_space_of(container.streams.video[0].codec_context)
