"""What a model file holds and how to read its output: the manifest `model.json`."""

from dataclasses import dataclass, field
from typing import Any, Literal

Decoding = Literal["raw", "end2end", "grid"]


VersionState = Literal["serving", "kept", "pruned"]
"""`serving`: what the model's name means; `kept`: may be named; `pruned`: made room for others."""


@dataclass(frozen=True, slots=True)
class ModelInput:
    """The one input of the network.

    Pixels enter as (x · scale − mean) / std per channel, in the named channel order. A uint8
    input in NHWC does this inside the graph.

    Attributes:
        height, width: pixels; with `dynamic_size` the size used for a square frame.
        dynamic_size: any multiple of 32 fits, so the input can follow the video's shape.
        max_batch: most images in one call.
    """

    name: str
    height: int
    width: int
    layout: Literal["NHWC", "NCHW"] = "NCHW"
    dtype: Literal["uint8", "float32"] = "float32"
    channels: Literal["RGB", "BGR"] = "RGB"
    scale: float = 1 / 255
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)
    dynamic_size: bool = False
    max_batch: int = 1


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Defaults that suit this model: score to start a track, IoU of non-maximum suppression."""

    confidence: float = 0.25
    iou: float = 0.7


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """`model.json`: all that must be known to run `model.onnx` and to read its output.

    Attributes:
        decoding: `raw` (B, 4+C, A) centre boxes; `end2end` (B, N, 6) corner boxes, already
            suppressed; `grid` (B, A, 5+C) offsets on strides 8, 16, 32 (YOLOX).
        sha256: of model.onnx; a file that differs is refused.
        metrics: figures and what they were measured on.
        weights_sha256: of the model.pt beside it, from which a training can go on; None where
            there is none.
    """

    name: str
    version: str
    task: Literal["detect", "reid"]
    classes: tuple[str, ...]
    decoding: Decoding
    input: ModelInput
    sha256: str
    thresholds: Thresholds = Thresholds()
    embedding_size: int | None = None
    metrics: dict[str, Any] = field(default_factory=dict)
    licence: str = "unknown"
    weights_sha256: str | None = None

    @property
    def label(self) -> str:
        """`name@version`."""
        return f"{self.name}@{self.version}"
