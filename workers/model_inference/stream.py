"""The hot path: decode → letterbox → inferences in flight → boxes, in frame order.

On processors without a GPU the arrangement is the lever: one reader thread, as many
single-thread inferences as cores, and nothing that waits for anything else.
"""

import queue
import threading
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager

import numpy as np

from shared.domain.detection import Detections
from shared.inference.choice import Choice
from shared.inference.in_flight import Canvas, boxes_in_order
from shared.inference.port import Runtime
from shared.vision.decode import Frame
from shared.vision.letterbox import Letterbox

MIN_SCORE = 0.05
"""Every box from this score is kept; confidence and classes apply when tracking."""

_READ_AHEAD = 4
_LOOK_SECONDS = 0.05

_Read = tuple[int, Canvas] | BaseException | None


def detect_frames(
    frames: Generator[Frame], box: Letterbox, runtime: Runtime, choice: Choice
) -> Generator[tuple[int, Detections]]:
    """Boxes of each frame, in source pixels, in the order of the frames.

    Close it when done with it early: that stops its reader thread.

    Raises:
        Whatever reading or inference raises, as it is.
    """
    with _reading_ahead(frames, box) as canvases:
        placed = ((ordinal, canvas, box) for ordinal, canvas in canvases)
        yield from boxes_in_order(
            placed, runtime, choice.model.manifest, iou=choice.iou, min_score=MIN_SCORE
        )


@contextmanager
def _reading_ahead(
    frames: Generator[Frame], box: Letterbox
) -> Iterator[Iterator[tuple[int, Canvas]]]:
    """Letterboxed frames from a thread of their own; leaving the block stops it."""
    ready = _Handover(threading.current_thread())
    reader = threading.Thread(target=_read, args=(frames, box, ready), name="reader")
    try:
        reader.start()
        yield ready.taken()
    finally:
        ready.unwanted.set()
        while reader.is_alive():
            reader.join(0.01)


def _read(frames: Generator[Frame], box: Letterbox, ready: "_Handover") -> None:
    try:
        with closing(frames):
            for frame in frames:
                canvas = np.empty((*box.target, 3), np.uint8)
                box.fill(frame, canvas)
                if not ready.put((frame.ordinal, canvas)):
                    return
        ready.put(None)
    except BaseException as error:  # noqa: BLE001  (raised again in the thread that asked)
        ready.put(error)


class _Handover:
    """A short queue between two threads that waits for nobody who is gone.

    A signal can end the taker anywhere, also before it would say so; a reader that waited for it
    would keep the process alive for ever.
    """

    def __init__(self, taker: threading.Thread) -> None:
        self._taker = taker
        self._items: queue.Queue[_Read] = queue.Queue(maxsize=_READ_AHEAD)
        self.unwanted = threading.Event()

    def put(self, item: _Read) -> bool:
        """Wait for room; False where nobody will take it."""
        while not self.unwanted.is_set() and self._taker.is_alive():
            try:
                self._items.put(item, timeout=_LOOK_SECONDS)
            except queue.Full:
                continue
            return True
        return False

    def taken(self) -> Iterator[tuple[int, Canvas]]:
        """Items until the last.

        Raises:
            Whatever was put to be raised.
        """
        while (item := self._items.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item
