"""How a detector is to be fitted, as a user may ask for it."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared.errors import InvalidInputError

_LARGEST_SEED = 2**31 - 1


class FitSettings(BaseModel):
    """Every wish of a fit; what is wrong is named by its field."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    epochs: int = Field(default=30, ge=1, le=1000, description="passes over the pictures, at most")
    image_size: int = Field(
        default=640, ge=64, le=1920, multiple_of=32,
        description="longer side of the network's input in pixels",
    )  # fmt: skip
    batch: int = Field(default=16, ge=1, le=256, description="pictures for each step")
    patience: int = Field(
        default=10, ge=0, le=1000,
        description="epochs without a better one after which it ends; 0: never",
    )  # fmt: skip
    learning_rate: float | None = Field(
        default=None, gt=0, le=1, description="of AdamW at its highest; unset: as suits `base`"
    )
    seed: int = Field(default=0, ge=0, le=_LARGEST_SEED, description="same seed, same start")
    base: Literal["current", "scratch"] = Field(
        default="current", description="begin with the serving model's weights, or with none"
    )
    size: Literal["atto", "n", "s", "m"] = Field(
        default="n", description="of the network where it begins from scratch"
    )
    mosaic: float = Field(
        default=1.0, ge=0, le=1,
        description="share of the pictures that are put together from four",
    )  # fmt: skip
    rectangular: bool = Field(
        default=False,
        description="train at the pictures' own shape, all alike, without mosaic; less work",
    )
    validation_share: float = Field(
        default=0.1, gt=0, le=0.5,
        description="share of the training pictures that only choose the best epoch",
    )  # fmt: skip


def parse_fit_settings(values: Mapping[str, Any]) -> FitSettings:
    """Check settings that came as plain data.

    Raises:
        InvalidInputError: `invalid_training_setting`, naming the field.
    """
    try:
        return FitSettings.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "settings"
        raise InvalidInputError(
            "invalid_training_setting", f"{field}: {first['msg']}; correct it or leave it out."
        ) from error
