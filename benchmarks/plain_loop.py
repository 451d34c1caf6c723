"""The ceiling that one process is held against: as many single-thread copies as cores.

Each copy does every stage in one loop over the whole video, with Trackloop's own functions and
no queue, no second thread, nothing shared: decode → letterbox → one single-thread inference →
boxes → tracker → rows. Copies give no single video's result sooner; they only show what the
cores can do when nothing waits for anything.
"""

import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.case import PREPARED, Case
from benchmarks.child import Facts, Work, cores
from shared.domain.detection import Detections
from shared.domain.video import VideoMeta
from shared.inference.choice import Choice, choose
from shared.inference.models import model_store
from shared.inference.onnx_runtime import open_session
from shared.inference.preprocess import Preprocess
from shared.settings import Settings
from shared.storage.columns import TRACKS, box_columns, writing_rows
from shared.storage.documents import read_document
from shared.storage.index_file import read_index
from shared.storage.paths import Paths
from shared.tracking.roboflow import RoboflowTracker
from shared.vision.decode import Frame, read_frames
from shared.vision.letterbox import input_size, letterbox
from shared.vision.postprocess import decode_output
from workers.model_inference.stream import MIN_SCORE

_WARM_UP_RUNS = 10


@contextmanager
def copies(case: Case) -> Iterator[Work]:
    """One copy for each core; they are ready before the clock starts and begin together."""
    context = multiprocessing.get_context("spawn")
    lines: list[Connection] = []
    processes = []
    for _ in range(cores()):
        ours, theirs = context.Pipe()
        process = context.Process(target=_copy, args=(case, theirs), daemon=True)
        process.start()
        theirs.close()  # so that a copy that dies is seen as an end of file
        lines.append(ours)
        processes.append(process)
    for line in lines:
        line.recv()
    answers: list[tuple[int, float]] = []

    def run() -> None:
        for line in lines:
            line.send("go")
        answers.extend(line.recv() for line in lines)

    def facts() -> Facts:
        frames, cpu_seconds = zip(*answers, strict=True)
        return {"frames": sum(frames), "cpu_seconds": sum(cpu_seconds)}

    yield Work(run, facts)
    for process in processes:
        process.join()


def _copy(case: Case, line: Connection) -> None:
    cv2.setNumThreads(1)
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        loop = _Loop(case, Path(folder) / "tracks.parquet")
        line.send("ready")
        line.recv()
        before = time.process_time()
        frames = loop.run()
        line.send((frames, time.process_time() - before))


class _Loop:
    """Everything that is made once, and the loop."""

    def __init__(self, case: Case, target: Path) -> None:
        self._paths, self._target = Paths(case.storage), target
        settings = Settings(storage_url=case.storage.as_uri())
        self._choice = choose(model_store(settings), case.task(PREPARED).options)
        self._meta = read_document(self._paths.meta(PREPARED), VideoMeta)
        self._index = read_index(self._paths.index(PREPARED))
        manifest = self._choice.model.manifest
        size = input_size(manifest.input, self._meta.width, self._meta.height)
        self._box = letterbox(self._meta.width, self._meta.height, size)
        self._infer = _inference(self._choice)
        for _ in range(_WARM_UP_RUNS):
            self._infer(np.zeros((*size, 3), np.uint8))

    def run(self) -> int:
        """Track the whole video; returns how many frames it had."""
        tracker = RoboflowTracker("botsort", self._index.fps, self._choice.confidence)
        video, meta = self._paths.video(PREPARED), self._meta
        with writing_rows(self._target, TRACKS) as rows:
            for frame in read_frames(video, self._index, meta.orientation):
                tracked = tracker.update(self._boxes(frame), frame.seconds)
                rows.write(
                    {
                        "frame_index": np.full(len(tracked), frame.ordinal, np.int32),
                        "time_seconds": np.full(len(tracked), frame.seconds),
                        "track_id": tracked.track_id,
                        "class_id": tracked.class_id,
                        "confidence": tracked.score,
                        **box_columns(tracked.xyxy),
                    }
                )
        return len(self._index)

    def _boxes(self, frame: Frame) -> Detections:
        canvas = np.empty((*self._box.target, 3), np.uint8)
        self._box.fill(frame, canvas)
        found = decode_output(
            self._infer(canvas), self._choice.model.manifest,
            size=self._box.target, iou=self._choice.iou, min_score=MIN_SCORE,
        )  # fmt: skip
        return Detections(self._box.to_source(found.xyxy), found.score, found.class_id)


def _inference(choice: Choice) -> Callable[[NDArray[np.uint8]], NDArray[np.float32]]:
    session: Any = open_session(choice.model.read())
    prepare = Preprocess(choice.model.manifest.input)
    name, output = choice.model.manifest.input.name, session.get_outputs()[0].name

    def infer(canvas: NDArray[np.uint8]) -> NDArray[np.float32]:
        (found,) = session.run([output], {name: prepare(canvas[None])})
        return np.asarray(found[0], np.float32)

    return infer
