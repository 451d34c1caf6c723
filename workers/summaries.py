"""What the database keeps of a step's work, so that questions need no file."""

from collections.abc import Iterator, Sequence

from shared.domain.task import Task
from shared.domain.track import TrackSummary
from shared.exporters.track_summary import summarise_tracks
from shared.exporters.tracked_video import TrackedFrame, TrackedVideo, tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.progress.port import StepProgress


def tracks(tools: Tools, task: Task) -> Sequence[TrackSummary]:
    """The tracks that the track step has published; about a kilobyte of memory each."""
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    progress = StepProgress(tools.progress, task.id, "track", "frames")
    return list(summarise_tracks(_attended(video, progress), video.classes))


def _attended(video: TrackedVideo, progress: StepProgress) -> Iterator[TrackedFrame]:
    """Every frame is tracked by now; who reports that hears whether it is still wanted."""
    count = video.meta.frame_count
    for frame in video.frames():
        progress.update(count, count)
        yield frame
