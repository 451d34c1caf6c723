"""One-step requests about videos and models."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api_gateway.schemas.options import Share
from api_gateway.schemas.task import Place, UserId
from shared.domain.model import VersionState

Key = Annotated[
    str,
    Field(
        min_length=1, max_length=1024, examples=["visits/monday.mp4"],
        description="a key in one's own area",
    ),
]  # fmt: skip


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid")


class DownloadRequest(_Request):
    """From anywhere into one's own area."""

    file_path: Place
    download_path: Key
    user_id: UserId | None = None


class UploadRequest(_Request):
    """A file that the service can read, copied to a place in one's own area."""

    file_path: Place
    upload_path: Key
    user_id: UserId | None = None


class FramesRequest(_Request):
    """So many frames, evenly spread over the video."""

    file_path: Place
    num_frames: int = Field(ge=1, le=10_000)
    user_id: UserId | None = None


class InferenceRequest(_Request):
    """`batch_size` is the most images in one call; the runtime may take fewer."""

    data_path: Key
    confidence: Share | None = None
    iou: Share | None = None
    batch_size: int = Field(default=1, ge=1, le=64)
    frame_skip: int = Field(default=0, ge=0, le=10_000)
    max_frames: int | None = Field(default=None, ge=1, le=2**31)
    user_id: UserId | None = None


class ModelView(BaseModel):
    """A version of a model. `state`: `serving` is what the name alone means, `kept` may be named,
    `pruned` made room for newer ones: it cannot be named any more.
    """

    name: str
    version: str
    state: VersionState
    task: str
    classes: list[str]
    input: dict[str, Any]
    thresholds: dict[str, float]
    metrics: dict[str, Any]
    licence: str


class Models(BaseModel):
    """By name and version."""

    models: list[ModelView]
