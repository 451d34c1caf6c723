"""The options of an analysis as clients send them."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from shared.domain.task import AnalysisOptions, Loop, TrackerName
from shared.training.settings import FitSettings

Share = Annotated[float, Field(gt=0, le=1)]
Label = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")]

_DEFAULT = AnalysisOptions()


class Options(BaseModel):
    """As `trackloop run` has them; what is left out takes the model's or the usual value."""

    model_config = ConfigDict(extra="forbid")

    model: Label = Field(default=_DEFAULT.model, description="name or name@version")
    classes: list[Label] = Field(default=[], max_length=1000, description="empty: all")
    confidence: Share | None = Field(default=None, description="score that may start a track")
    iou: Share | None = Field(default=None, description="IoU above which the weaker box goes")
    frame_skip: int = Field(default=0, ge=0, le=10_000, description="frames between analysed ones")
    max_frames: int | None = Field(default=None, ge=1, le=2**31, description="only the first ones")
    tracker: TrackerName = _DEFAULT.tracker
    link: bool = Field(default=True, description="join the pieces of broken tracks")
    overlay: bool = Field(default=True, description="draw the overlay video")
    num_frames: int = Field(default=0, ge=0, le=10_000, description="frames to extract beside it")
    loop: Loop = Field(default="none", description="what follows the analysis")
    project: Label = Field(default=_DEFAULT.project, description="its name in the labelling tool")
    training: FitSettings = Field(default=FitSettings(), description="of the fit, with loop full")

    def analysis(self) -> AnalysisOptions:
        """The same for the workers."""
        values = self.model_dump() | {
            "classes": tuple(self.classes),
            "training": self.training.model_dump(exclude_unset=True),
        }
        return AnalysisOptions(**values)
