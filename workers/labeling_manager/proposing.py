"""What people begin with: the boxes that a model is sure of."""

import numpy as np

from shared.domain.detection import Detections
from shared.domain.label import LabelledBox


def model_boxes(found: Detections, confidence: float) -> tuple[LabelledBox, ...]:
    """Those with this score or a higher one, each with its score."""
    sure = found[np.flatnonzero(found.score >= confidence)]
    columns = (each.tolist() for each in (sure.xyxy, sure.score, sure.class_id))
    return tuple(
        LabelledBox(class_id, (x1, y1, x2, y2), score=score)
        for (x1, y1, x2, y2), score, class_id in zip(*columns, strict=True)
    )
