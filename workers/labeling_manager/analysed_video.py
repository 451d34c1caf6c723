"""A video that a task analysed, as those see it who choose and propose."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from shared.domain.detection import Detections
from shared.domain.task import AnalysisOptions
from shared.domain.video import VideoMeta
from shared.inference.choice import Choice, choose
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.files import sha256_of
from shared.storage.index_file import read_index
from shared.storage.paths import Paths
from shared.storage.plan import Plan, read_plan
from shared.storage.row_reading import FrameRows, boxes_of
from shared.vision.frame_index import FrameIndex


@dataclass(frozen=True, slots=True)
class AnalysedVideo:
    """The normalised video of a task, and how its detections were made.

    Attributes:
        sha256: of the file as it came.
    """

    paths: Paths
    task_id: str
    meta: VideoMeta
    index: FrameIndex
    plan: Plan
    choice: Choice
    sha256: str

    @classmethod
    def of(cls, tools: Tools, source_task_id: str, options: AnalysisOptions) -> "AnalysedVideo":
        """Read what that task left.

        Args:
            options: with which it was analysed.

        Raises:
            InvalidInputError: `unknown_model`, `invalid_option`, `unknown_class`.
        """
        paths = tools.paths
        return cls(
            paths,
            source_task_id,
            read_document(paths.meta(source_task_id), VideoMeta),
            read_index(paths.index(source_task_id)),
            read_plan(paths.plan(source_task_id)),
            choose(tools.models, options, runs=False),
            sha256_of(paths.source(source_task_id)),
        )

    @property
    def video(self) -> Path:
        """The file."""
        return self.paths.video(self.task_id)

    def found(self, ordinals: Sequence[int]) -> dict[int, Detections]:
        """The boxes of these frames, which ascend."""
        boxes = {}
        for chunk in self.plan.chunks:
            with FrameRows(self.paths.detection_chunk(self.plan.key, chunk)) as frames:
                for ordinal in (n for n in ordinals if chunk.start <= n < chunk.stop):
                    rows = frames.at(ordinal)
                    boxes[ordinal] = Detections.empty() if rows is None else boxes_of(rows)
        return boxes
