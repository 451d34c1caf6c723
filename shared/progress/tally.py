"""What the parts of a step reported, as one report."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from shared.progress.port import Found, ProgressReport

KEPT_SECONDS = 24 * 3600
"""A task whose steps were silent for so long is forgotten."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One step's reports.

    Attributes:
        since, at: when the first and the last report came, seconds since 1970.
        done: units by part.
        first: units that each part's first report named. They took none of the time that is
            measured: a chunk that an earlier run detected is all there at once.
        found: what the step said last that it knows.
    """

    step: str
    unit: str
    total: float | None
    since: float
    at: float
    done: Mapping[int, float]
    first: Mapping[int, float]
    found: Found = field(default_factory=dict)

    def report(self) -> ProgressReport:
        """All parts together."""
        done, seconds = sum(self.done.values()), self.at - self.since
        gained = done - sum(self.first.values())
        return ProgressReport(
            step=self.step,
            done=done,
            total=self.total,
            unit=self.unit,
            rate=gained / seconds if gained > 0 and seconds > 0 else None,
            reported_at=datetime.fromtimestamp(self.at, UTC),
            found=self.found,
        )
