"""What the user says of a model that is being added."""

from dataclasses import dataclass
from typing import Literal

from shared.domain.model import Decoding


@dataclass(frozen=True, slots=True)
class AddRequest:
    """What the user says of a model; None takes what the file says, or the decoding's default.

    Attributes:
        size: height and width in pixels, for a model whose size is dynamic.
        channels, scale, mean, std: pixels enter as (x · scale - mean) / std. Defaults: RGB and
            1/255; for `grid` BGR and 1, as YOLOX is trained.
    """

    name: str
    classes: tuple[str, ...] | None = None
    decoding: Decoding | None = None
    size: tuple[int, int] | None = None
    channels: Literal["RGB", "BGR"] | None = None
    scale: float | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    confidence: float | None = None
    iou: float | None = None
    licence: str | None = None
