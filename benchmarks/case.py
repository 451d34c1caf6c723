"""What a benchmark runs on: passed to child processes as JSON, so it imports nothing heavy."""

from dataclasses import dataclass
from pathlib import Path

from shared.domain.task import AnalysisOptions, Task

PREPARED = "prepared"
"""Task id under which `storage` holds the validated and normalised video."""


@dataclass(frozen=True, slots=True)
class Case:
    """A video and a detector.

    Attributes:
        name: as printed.
        video: the source file.
        normalised: the video as Trackloop's chain makes it.
        storage: a storage root with the own models and, under PREPARED, the video.
        model: `name` or `name@version` there, or of a bundled model.
        onnx: the file of that model.
        size: height and width of its input in pixels.
    """

    name: str
    video: Path
    normalised: Path
    storage: Path
    model: str
    onnx: Path
    size: tuple[int, int]

    def task(self, task_id: str, *, overlay: bool = False, max_frames: int | None = None) -> Task:
        """An analysis of the video with the model, everything else as it comes by default."""
        options = AnalysisOptions(model=self.model, overlay=overlay, max_frames=max_frames)
        return Task(task_id, str(self.video), options)
