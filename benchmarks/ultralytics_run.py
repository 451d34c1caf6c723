"""The other side, run inside the child: `model.track` of ultralytics, as its documentation has it.

Same ONNX file, input size, tracker family, thresholds and number of threads. What is not set
here is as ultralytics sets it; its video reader (OpenCV) decodes in as many threads as it likes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.case import Case
from benchmarks.child import Facts, Work, cores
from shared.training.quiet import quiet_environment


@contextmanager
def track(case: Case, source: bool = False) -> Iterator[Work]:
    """Track the whole video and read every box out.

    Args:
        source: read the source file instead of the normalised one.
    """
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        quiet_environment(Path(folder))
        sessions = _with_all_threads(cores())
        model, arguments = _load(case, Path(folder))
        blank = np.zeros((*case.size, 3), np.uint8)
        for _ in range(10):
            model.track(source=blank, **arguments)
        for tracker in model.predictor.trackers:
            tracker.reset()
        _check_threads(sessions, cores())
        reading = _Reading(model, arguments, case.video if source else case.normalised)
        yield Work(reading.run, reading.facts)


class _Reading:
    """Takes the results frame by frame, as a user's loop would."""

    def __init__(self, model: Any, arguments: dict[str, Any], video: Path) -> None:
        self._model, self._arguments, self._video = model, arguments, video
        self._frames = self._boxes = 0
        self._tracks: set[float] = set()

    def run(self) -> None:
        """Track every frame."""
        for result in self._model.track(source=str(self._video), stream=True, **self._arguments):
            self._frames += 1
            if result.boxes.id is not None:
                ids = result.boxes.id.tolist()
                self._boxes += len(ids)
                self._tracks.update(ids)

    def facts(self) -> Facts:
        """How much was done."""
        return {"frames": self._frames, "boxes": self._boxes, "tracks": len(self._tracks)}


def _load(case: Case, folder: Path) -> tuple[Any, dict[str, Any]]:
    import ultralytics
    from ultralytics import YOLO, settings
    from ultralytics.utils import YAML, torch_utils

    settings.update({"sync": False})
    torch_utils.NUM_THREADS = cores()  # it would take one fewer than there are
    own = Path(ultralytics.__file__).parent / "cfg" / "trackers" / "botsort.yaml"
    tracker = folder / "botsort.yaml"
    YAML.save(tracker, {**YAML.load(own), "gmc_method": "none", "with_reid": False})
    arguments = {
        "persist": True,
        "tracker": str(tracker),
        "imgsz": list(case.size),
        "conf": 0.1,
        "iou": 0.7,
        "verbose": False,
        "device": "cpu",
    }
    return YOLO(str(case.onnx), task="detect"), arguments


def _with_all_threads(threads: int) -> list[Any]:
    """Give sessions that are opened from here on this many threads; they are listed as they come.

    ultralytics passes no options, and ONNX Runtime then takes one thread for each physical
    core: half as many on most rented machines.
    """
    import onnxruntime as ort

    plain, sessions = ort.InferenceSession, []

    def opened(model: Any, options: Any = None, **others: Any) -> Any:
        options = options or ort.SessionOptions()
        options.intra_op_num_threads = threads
        sessions.append(plain(model, options, **others))
        return sessions[-1]

    ort.InferenceSession = opened
    return sessions


def _check_threads(sessions: list[Any], threads: int) -> None:
    import torch

    given = [session.get_session_options().intra_op_num_threads for session in sessions]
    if given != [threads] or torch.get_num_threads() != threads:
        raise RuntimeError(
            f"ultralytics runs with {given} ONNX Runtime threads and {torch.get_num_threads()} "
            f"torch threads where {threads} are meant"
        )
