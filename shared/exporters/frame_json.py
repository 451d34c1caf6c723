"""The JSON shape of a frame, the same in results.json and in its chunks."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson

from shared.exporters.tracked_video import TrackedFrame, rounded_boxes


def frame_json(frame: TrackedFrame, classes: Sequence[str]) -> bytes:
    """One frame and its detections as one line of JSON (docs/schemas/results-v1.schema.json)."""
    tracked = frame.tracked
    scores = np.round(tracked.score.astype(np.float64), 4)
    columns = (
        tracked.track_id.tolist(),
        tracked.class_id.tolist(),
        scores.tolist(),
        rounded_boxes(tracked.xyxy).tolist(),
    )
    detections: list[dict[str, Any]] = [
        {
            "track_id": track_id,
            "class_id": class_id,
            "class_name": classes[class_id],
            "confidence": score,
            "bbox_xyxy": box,
        }
        for track_id, class_id, score, box in zip(*columns, strict=True)
    ]
    return orjson.dumps(
        {
            "frame_index": frame.frame_index,
            "time_seconds": round(frame.time_seconds, 6),
            "detections": detections,
        }
    )


def json_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The members of a JSON array, one a line, with the commas between them."""
    separator = b"\n"
    for piece in pieces:
        yield separator + piece
        separator = b",\n"
