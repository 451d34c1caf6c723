"""Events of results."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from shared.events.envelope import EventData


class UploadedArtefact(BaseModel):
    """One file of the results; size in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    name: str = Field(min_length=1)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0)


class ResultsUploaded(EventData):
    """Every part of the results lies in the storage. `model` is `name@version`."""

    TYPE: ClassVar[str] = "results.uploaded.v1"

    model: str = Field(min_length=1)
    artefacts: tuple[UploadedArtefact, ...]
