"""Pictures through a network, as many at once as it can run, boxes out in order.

The one way from a letterboxed picture to boxes: what serves is what is measured.
"""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import Future

import numpy as np
from numpy.typing import NDArray

from shared.domain.detection import Detections
from shared.domain.model import ModelManifest
from shared.inference.port import Output, Runtime
from shared.vision.letterbox import Letterbox
from shared.vision.postprocess import decode_output

Canvas = NDArray[np.uint8]


def boxes_in_order(
    canvases: Iterable[tuple[int, Canvas, Letterbox]],
    runtime: Runtime,
    manifest: ModelManifest,
    *,
    iou: float,
    min_score: float,
) -> Generator[tuple[int, Detections]]:
    """Boxes of each picture, in source pixels, with its number, in the order of the pictures.

    Args:
        canvases: number, uint8 (H, W, 3) RGB as the network takes it, and how it came there.
        iou: see `decode_output`.

    Raises:
        Whatever the pictures' source or inference raises, as it is.
    """
    pending: deque[tuple[int, Letterbox, Future[Output]]] = deque()

    def finished() -> tuple[int, Detections]:
        number, box, future = pending.popleft()
        found = decode_output(
            future.result()[0], manifest, size=box.target, min_score=min_score, iou=iou
        )
        return number, Detections(box.to_source(found.xyxy), found.score, found.class_id)

    for number, canvas, box in canvases:
        pending.append((number, box, runtime.infer(canvas[None])))
        # One more than can run, so that no core waits while this thread post-processes.
        if len(pending) > runtime.in_flight + 1:
            yield finished()
    while pending:
        yield finished()
