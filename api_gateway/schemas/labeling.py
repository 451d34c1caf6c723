"""Labels as clients ask for them and see them come."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api_gateway.schemas.options import Label
from api_gateway.schemas.task import FaultView, UserId
from shared.domain.task import MOST_PICTURES, PICTURES_TO_LABEL, AnalysisOptions, TaskState

TaskId = Annotated[str, Field(pattern=r"^[0-9a-f-]{1,36}$")]


class LabelingRequest(BaseModel):
    """`folder_path`: `frames/{task_id}`, what a task extracted, or a folder of one's own area that
    holds pictures; left out, Trackloop chooses those frames of the analysis `task_id` that teach
    most. `model`: whose boxes people begin with in a folder's pictures.
    """

    model_config = ConfigDict(extra="forbid")

    task_id: TaskId | None = None
    folder_path: str | None = Field(default=None, min_length=1, max_length=1000)
    num_frames: int | None = Field(
        default=None, ge=1, le=MOST_PICTURES,
        description=f"at most; a folder's all, or {PICTURES_TO_LABEL} chosen frames",
    )  # fmt: skip
    model: str | None = Field(default=None, min_length=1, max_length=200)
    project: Label = AnalysisOptions().project
    user_id: UserId | None = None


class LabelingView(BaseModel):
    """How far people are.

    Attributes:
        task_id: of the labelling; `analysed_task_id`: with whose results it goes on; null for
            pictures from elsewhere alone.
        url: where people label; null where the tool has no page, or has nothing yet.
        rate: `labelled` of `total`, 0 to 1.
    """

    task_id: str
    analysed_task_id: str | None
    state: TaskState
    project: str | None
    url: str | None
    total: int
    labelled: int
    rate: float = Field(ge=0, le=1)
    error: FaultView | None
