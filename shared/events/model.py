"""Events of models."""

from typing import ClassVar

from pydantic import Field

from shared.events.envelope import EventData

_SHA256 = r"^[0-9a-f]{64}$"


class ModelTrainingCompleted(EventData):
    """A model was trained and measured.

    Attributes:
        epochs, best_epoch: how many ran, and the one whose weights were kept, from 1.
        new: figures of the trained model on `pictures` that were held out, such as `mAP50_95`.
        old: the same of the model that it would replace; None where that was not measured.
    """

    TYPE: ClassVar[str] = "model.training.completed.v1"

    epochs: int = Field(ge=1)
    best_epoch: int = Field(ge=1)
    new: dict[str, float]
    old: dict[str, float] | None = None
    pictures: int = Field(ge=0)


class ModelConversionCompleted(EventData):
    """The weights were written as ONNX, and both find the same boxes.

    Attributes:
        weights_sha256, sha256: of model.pt and of model.onnx.
        compared: boxes that either finds.
        difference: the largest one between two scores of a box that both find.
    """

    TYPE: ClassVar[str] = "model.conversion.completed.v1"

    weights_sha256: str = Field(pattern=_SHA256)
    sha256: str = Field(pattern=_SHA256)
    compared: int = Field(ge=0)
    difference: float = Field(ge=0)


class ModelJudged(EventData):
    """Whether a model may go live; `code` is stable, `message` one sentence.

    Attributes:
        new, old: mAP50-95 of the trained model and of the one that it would replace; None where
            there was nothing to measure.
        forced_by: who had it accepted against the figures.
    """

    TYPE: ClassVar[str] = "model.judged.v1"

    accepted: bool
    code: str = Field(min_length=1)
    message: str
    new: float | None = None
    old: float | None = None
    forced_by: str | None = None


class ModelDeployed(EventData):
    """A model serves; both are `name@version`. `map50_95`: None where nothing was measured."""

    TYPE: ClassVar[str] = "model.deployed.v1"

    model: str = Field(min_length=1)
    replaced: str = Field(min_length=1)
    sha256: str = Field(pattern=_SHA256)
    map50_95: float | None = None
