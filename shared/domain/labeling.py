"""How far people are with the labels of a task, as its steps keep it."""

from dataclasses import dataclass

PIPELINE = "labeling"
"""Of the tasks that ask for labels."""
REQUEST, COLLECT = "request_labels", "collect_labels"
"""The steps that hand pictures over and wait for their labels."""


@dataclass(frozen=True, slots=True)
class RequestedLabels:
    """What the tool was asked for.

    Attributes:
        handle: by which the tool finds it again.
        project: what people see it under.
        url: where they label; None where the tool has no page.
        pictures: how many were handed over.
    """

    handle: str
    project: str
    url: str | None
    pictures: int
