"""What a model must reach to go live, and what was decided about one."""

from dataclasses import dataclass, field
from typing import Literal

from shared.errors import InvalidInputError
from shared.evaluation.average_precision import Scores
from shared.evaluation.bootstrap import Interval

Finding = Literal["better", "not_better", "above_floor", "below_floor", "nothing_to_measure"]
"""BETTER: than the other model. ABOVE_FLOOR: too little to compare on, yet good enough alone."""


@dataclass(frozen=True, slots=True)
class GateTerms:
    """What a model must reach. Scores are mAP50-95, 0 to 1; `docs/adr/0031` says why these.

    Attributes:
        margin: by how much it must be better.
        confidence: of the interval of the difference, which must lie above 0.
        least_pictures, least_boxes: with fewer, chance decides a comparison.
        floor: least score of a model that cannot be compared.

    Raises:
        InvalidInputError: `invalid_option`.
    """

    margin: float = 0.01
    confidence: float = 0.95
    least_pictures: int = 20
    least_boxes: int = 50
    floor: float = 0.3

    def __post_init__(self) -> None:
        for name, low, high in (("margin", 0, 1), ("confidence", 0.5, 0.999), ("floor", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise InvalidInputError(
                    "invalid_option",
                    f"{name}: {getattr(self, name):g} is not {low:g} to {high:g}; choose such a "
                    "value.",
                )
        for name in ("least_pictures", "least_boxes"):
            if getattr(self, name) < 1:
                raise InvalidInputError(
                    "invalid_option", f"{name}: {getattr(self, name)} is below 1; give 1 or more."
                )


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and on what.

    Attributes:
        code: what the figures say; also where `forced_by` says that somebody knew better.
        message: the same as one sentence.
        pictures, boxes: labelled pictures, and labelled boxes of the classes that count.
        compared: classes that count: those that both models know and somebody labelled; without
            such a class, or without another model, those that the new one knows.
        gained, lost: classes that only the new model knows, and those that only the old one does.
        new, old: scores over `compared`; None where there is nothing to score.
        difference: mAP50-95 of the new model minus the old one's.
        forced_by: who had it accepted against the figures.
        against: `name@version` of the other model; None where there was none.
    """

    accepted: bool
    code: Finding
    message: str
    pictures: int
    boxes: int
    compared: tuple[str, ...]
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    new: Scores | None = None
    old: Scores | None = None
    difference: float | None = None
    interval: Interval | None = None
    forced_by: str | None = None
    terms: GateTerms = field(default_factory=GateTerms)
    against: str | None = None
