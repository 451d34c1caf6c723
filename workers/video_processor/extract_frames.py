"""Pictures of the video, evenly spread."""

from shared.domain.task import AnalysisOptions, FrameOptions, Task
from shared.domain.video import VideoMeta
from shared.pipeline.step import Output
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.documents import read_document
from shared.storage.files import publishing_folder
from shared.storage.index_file import read_index
from shared.vision.chosen import colour_space, read_chosen
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
    space, done = colour_space(video), 0
    with publishing_folder(paths.frames(task.id), workplace=paths.videos(task.id)) as folder:
        for frame, is_wanted in read_chosen(video, index, meta.orientation, wanted):
            if is_wanted:
                picture = jpeg(frame, space, meta.width, meta.height)
                (folder / paths.frame(task.id, frame.ordinal).name).write_bytes(picture)
                done += 1
            progress.update(done, len(wanted))
    names = [f"frames/{paths.frame(task.id, ordinal).name}" for ordinal in wanted]
    return {"frames": list(names), "count": len(names)}
