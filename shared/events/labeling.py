"""Events of labels."""

from typing import ClassVar

from pydantic import Field

from shared.events.envelope import EventData


class LabelingRequested(EventData):
    """Pictures lie in the labelling tool and wait for people.

    Attributes:
        project: what the tool calls it.
        url: where people label; None where the tool has no page.
    """

    TYPE: ClassVar[str] = "labeling.requested.v1"

    project: str = Field(min_length=1)
    pictures: int = Field(ge=1)
    url: str | None = None


class LabelingConfirmed(EventData):
    """Somebody says that people are done: look now."""

    TYPE: ClassVar[str] = "labeling.confirmed.v1"


class LabelingCompleted(EventData):
    """The labels are here. `boxes`: how many, by class name."""

    TYPE: ClassVar[str] = "labeling.completed.v1"

    pictures: int = Field(ge=0)
    boxes: dict[str, int]


class DatasetPrepared(EventData):
    """Labels were checked and divided: pictures to train on, and pictures only to measure on."""

    TYPE: ClassVar[str] = "dataset.prepared.v1"

    train: int = Field(ge=1)
    test: int = Field(ge=1)
    boxes: dict[str, int]
