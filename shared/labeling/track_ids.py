"""Ids of tracks for boxes that a tool gave back without them.

A tool that knows YOLO alone writes boxes anew, in an order of its own. A box is then the track
whose box it overlaps most, if they overlap by half (the PASCAL VOC criterion, Everingham et al.,
"The PASCAL Visual Object Classes Challenge", IJCV 2010, section 4.2): less is another subject.
"""

from collections.abc import Sequence
from dataclasses import replace

from shared.domain.label import LabelledBox

_LEAST_IOU = 0.5


def with_track_ids(
    boxes: Sequence[LabelledBox], asked: Sequence[LabelledBox]
) -> tuple[LabelledBox, ...]:
    """The boxes of a picture, each with its own id or one that none of the others has.

    Pairs are taken by falling overlap, whatever their classes: people correct those.

    Args:
        asked: what the model said of the same picture.
    """
    taken = {box.track_id for box in boxes}
    free = [box for box in asked if box.track_id is not None and box.track_id not in taken]
    pairs = sorted(
        (
            (_iou(box, other), index, other.track_id)
            for index, box in enumerate(boxes)
            for other in free
            if box.track_id is None
        ),
        key=lambda pair: (-pair[0], pair[1]),
    )
    found = dict[int, int | None]()
    for iou, index, track_id in pairs:
        if iou >= _LEAST_IOU and index not in found and track_id not in found.values():
            found[index] = track_id
    return tuple(
        replace(box, track_id=found[index]) if index in found else box
        for index, box in enumerate(boxes)
    )


def _iou(one: LabelledBox, other: LabelledBox) -> float:
    (a1, b1, a2, b2), (c1, d1, c2, d2) = one.xyxy, other.xyxy
    common = max(0.0, min(a2, c2) - max(a1, c1)) * max(0.0, min(b2, d2) - max(b1, d1))
    whole = (a2 - a1) * (b2 - b1) + (c2 - c1) * (d2 - d1) - common
    return common / whole if whole > 0 else 0.0
