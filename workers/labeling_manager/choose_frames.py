"""Which frames people should label: spread over time, doubtful and changing ones first.

One greedy loop. It takes, again and again, the frame with the greatest

    distance to the nearest chosen frame × (1 + doubt + change)

and leaves out whatever looks nearly the same. The distance is in time, so this is the
farthest-first rule (Gonzalez 1985; Sener and Savarese, arXiv 1708.00489, choose a core-set by it)
with a weight between 1 and 3: no frame that is left over lies further from a chosen one than three
times the gap of evenly spread frames. The weight is uncertainty sampling (Lewis and Gale 1994;
Settles 2009): `doubt` is how near scores lie to the threshold, `change` how far neighbouring
frames contradict each other, which hints at boxes missed or made up (arXiv 1908.11757).

Held-out frames get their share first, by distance alone: chosen for their doubt they would show
what is hard rather than what the video holds (arXiv 2103.05331), and the score would say little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared.labels.held_out import SHARE
from workers.labeling_manager.likeness import alike

Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Candidates:
    """M frames that may be chosen, as columns, by ascending time.

    Attributes:
        ordinal: int64 (M,): place in the video.
        seconds: float64 (M,): since its first frame.
        signature: uint8 (M, 1024): its luminance in 32 x 32 cells.
        doubt, change: float64 (M,): 0 and up, in any unit.
        held_out: bool (M,).
    """

    ordinal: NDArray[np.int64]
    seconds: NDArray[np.float64]
    signature: NDArray[np.uint8]
    doubt: NDArray[np.float64]
    change: NDArray[np.float64]
    held_out: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.ordinal)


def choose_frames(candidates: Candidates, count: int) -> Rows:
    """Rows of the chosen frames, ascending; fewer than `count` only where all others look like one
    of them.

    A fifth of them is held out, one of two at least, as far as there are such frames.
    """
    if not len(candidates) or count < 1:
        return np.empty(0, np.intp)
    held = candidates.held_out
    share = max(round(SHARE * count), 1) if count > 1 else 0
    choice = _Choice(candidates)
    choice.take(held, np.ones(len(held)), share)
    choice.take(~held, _interest(candidates), count)
    choice.take(held, np.ones(len(held)), count)  # where the others were too few
    return np.array(sorted(choice.chosen), np.intp)


class _Choice:
    """What is chosen so far, how far each frame is from it, and which frames are still worth it."""

    def __init__(self, candidates: Candidates) -> None:
        self.chosen: list[int] = []
        self._candidates = candidates
        self._open = np.ones(len(candidates), np.bool_)
        seconds = candidates.seconds
        # Before there is a chosen one: further than any can be, the middle furthest.
        middle, span = (seconds[0] + seconds[-1]) / 2, seconds[-1] - seconds[0]
        self._distance = 2 * span - np.abs(seconds - middle)

    def take(self, allowed: NDArray[np.bool_], weight: NDArray[np.float64], until: int) -> None:
        """Go on among the allowed frames until so many are chosen in all, or none is left."""
        while len(self.chosen) < until:
            rows = np.flatnonzero(self._open & allowed)
            if not len(rows):
                return
            self._add(int(rows[np.argmax((self._distance * weight)[rows])]))

    def _add(self, row: int) -> None:
        seconds, signature = self._candidates.seconds, self._candidates.signature
        away = np.abs(seconds - seconds[row])
        self._distance = np.minimum(self._distance, away) if self.chosen else away
        others = np.flatnonzero(self._open)
        self._open[others[alike(signature[others], signature[row])]] = False
        self.chosen.append(row)


def _interest(candidates: Candidates) -> NDArray[np.float64]:
    """1 to 3: the most doubtful frame of the video counts double, the most changing one too."""
    weight = np.ones(len(candidates))
    for each in (candidates.doubt, candidates.change):
        weight += each / max(float(each.max()), 1e-9)
    return weight
