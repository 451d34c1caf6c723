"""How good tracks are, by the `trackers` library's metrics, which follow TrackEval.

HOTA (arXiv 2009.07736), CLEAR-MOT (Bernardin and Stiefelhagen 2008), IDF1 (arXiv 1609.01775).
"""

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import numpy as np
from trackers.eval import evaluate_mot_sequence

from shared.errors import InvalidInputError
from shared.tracking.mot_format import MotRows

Protocol = Literal["pedestrian", "all"]

_PEDESTRIAN = 1


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of one sequence at IoU 0.5 (HOTA over 0.05 to 0.95); counts are of boxes.

    Attributes:
        left_out: ground-truth boxes whose class the protocol does not count.
    """

    hota: float
    deta: float
    assa: float
    mota: float
    idf1: float
    id_switches: int
    false_positives: int
    false_negatives: int
    fragmentations: int
    gt_boxes: int
    tracked_boxes: int
    gt_ids: int
    tracked_ids: int
    left_out: int


def score(truth: MotRows, tracks: MotRows, protocol: Protocol = "pedestrian") -> Scores:
    """Score tracks against ground truth.

    Args:
        truth: boxes with confidence 0 are not counted.
        protocol: `pedestrian` is MOTChallenge's: class 1 counts, an unknown class (-1) means 1,
            2, 7, 8 and 12 are distractors. `all` counts every class and compares no classes.

    Raises:
        InvalidInputError: `nothing_to_score`: no box of the truth counts.
    """
    classes = np.where(truth.class_id < 1, _PEDESTRIAN, truth.class_id)
    if protocol == "all":
        classes = np.full_like(classes, _PEDESTRIAN)
    counted = (truth.confidence != 0) & (classes == _PEDESTRIAN)
    if not counted.any():
        raise InvalidInputError(
            "nothing_to_score",
            f"gt: no box of the ground truth counts under the protocol {protocol}: boxes with "
            "confidence 0 never do, classes other than 1 only with --protocol all.",
        )
    with TemporaryDirectory() as folder:
        truth_file, track_file = Path(folder) / "gt.txt", Path(folder) / "tracks.txt"
        _write(truth_file, truth, classes)
        _write(track_file, tracks, np.ones(len(tracks), np.int64))
        found = evaluate_mot_sequence(truth_file, track_file, metrics=["CLEAR", "HOTA", "Identity"])
    clear, hota = found.CLEAR, found.HOTA
    return Scores(
        hota=float(hota.HOTA),
        deta=float(hota.DetA),
        assa=float(hota.AssA),
        mota=float(clear.MOTA),
        idf1=float(found.Identity.IDF1),
        id_switches=int(clear.IDSW),
        false_positives=int(clear.CLR_FP),
        false_negatives=int(clear.CLR_FN),
        fragmentations=int(clear.Frag),
        gt_boxes=int(counted.sum()),
        tracked_boxes=int((tracks.track_id >= 0).sum()),
        gt_ids=len(np.unique(truth.track_id[counted])),
        tracked_ids=len(np.unique(tracks.track_id[tracks.track_id >= 0])),
        left_out=int(((truth.confidence != 0) & ~counted).sum()),
    )


def _write(path: Path, rows: MotRows, classes: "np.typing.NDArray[np.int64]") -> None:
    table = np.column_stack([rows.frame, rows.track_id, rows.ltwh, rows.confidence, classes])
    if not len(table):
        # The library refuses an empty file; a row of id -1 counts for nothing.
        table = np.array([[1, -1, 0, 0, 1, 1, 1, 1]])
    np.savetxt(path, table, fmt=["%d", "%d", *["%.6f"] * 5, "%d"], delimiter=",")
