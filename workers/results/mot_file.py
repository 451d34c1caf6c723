"""mot.txt: the tracks as evaluation tools expect them."""

from shared.domain.task import Task
from shared.exporters.tracked_video import tracked_video
from shared.inference.choice import choose
from shared.pipeline.tools import Tools
from shared.storage.documents import write_document
from shared.storage.files import publishing
from shared.tracking.mot_format import mot_lines


def write_mot(tools: Tools, task: Task) -> None:
    """Publish mot.txt in MOTChallenge format, and its classes' names in mot_classes.json."""
    video = tracked_video(tools.paths, task, choose(tools.models, task.options))
    with (
        publishing(video.results / "mot.txt") as partial,
        partial.open("w", encoding="ascii", newline="\n") as file,
    ):
        for frame in video.frames():
            file.writelines(mot_lines(frame.frame_index, frame.tracked))
    names = {str(number): name for number, name in enumerate(video.classes, start=1)}
    write_document(video.results / "mot_classes.json", names)
