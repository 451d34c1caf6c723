"""Find every box in one chunk of the video. Pure: the same input gives the same file."""

from contextlib import closing
from pathlib import Path

from shared.domain.task import Task
from shared.domain.video import Chunk, VideoMeta
from shared.errors import MediaError
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress
from shared.storage.columns import writing_detections
from shared.storage.documents import read_document, write_document
from shared.storage.index_file import read_index
from shared.storage.plan import read_plan
from shared.vision.decode import read_frames
from shared.vision.letterbox import input_size, letterbox
from workers.model_inference.stream import detect_frames


def detect(tools: Tools, task: Task, chunk: Chunk) -> None:
    """Publish the detections of one chunk, unless they are there already.

    Raises:
        MediaError: `video_changed`.
        ModelError: `inference_failed`.
    """
    paths, every = tools.paths, task.options.frame_skip + 1
    key = read_plan(paths.plan(task.id)).key
    target = paths.detection_chunk(key, chunk)
    index = read_index(paths.index(task.id))
    progress = StepProgress(tools.progress, task.id, "detect", "frames", chunk.number)
    if not target.exists():
        meta = read_document(paths.meta(task.id), VideoMeta)
        choice = choose(tools.models, task.options)
        runtime = tools.open_runtime(choice.model)
        size = input_size(choice.model.manifest.input, meta.width, meta.height)
        frames = read_frames(
            paths.video(task.id), index, meta.orientation,
            start=chunk.start, stop=chunk.stop, every=every,
        )  # fmt: skip
        box = letterbox(meta.width, meta.height, size)
        # Closed by name: an interrupt in this block must not leave the reader thread waiting.
        with (
            writing_detections(target, workplace=paths.videos(task.id)) as rows,
            closing(detect_frames(frames, box, runtime, choice)) as detected,
        ):
            for ordinal, found in detected:
                rows.write(ordinal, found)
                progress.update(ordinal + 1 - chunk.start, len(index))
            if not paths.private:
                _check_unchanged(paths.video(task.id), meta)
            # Before the chunk appears: killed in between, the next run finds no chunk without it.
            write_document(paths.provenance(key), runtime.provenance)
    progress.finish(chunk.stop - chunk.start, len(index))


def _check_unchanged(video: Path, meta: VideoMeta) -> None:
    """The bytes may be the user's own file: other boxes must not go under this one's hash."""
    if video.stat().st_mtime_ns != meta.modified_ns:
        raise MediaError(
            "video_changed", f"{video.name} was written to meanwhile; run the task again."
        )
