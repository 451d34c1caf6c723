"""The child process that runs an unknown model once: `python -m shared.inference.trial`.

Reads the model from standard input and the request, JSON, from the first argument; writes the
report, JSON, to standard output. A model is data from a stranger: whatever it does to this
process (hang, take all memory, crash) must stay in it.
"""

import resource
import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import TypeAdapter

from shared.domain.model import ModelInput

_GREY = 114  # what letterboxes are filled with
_RTOL, _ATOL = 1e-4, 1e-3  # pixels and scores of fp32 networks agree to this


@dataclass(frozen=True, slots=True)
class TrialRequest:
    """What to run.

    Attributes:
        channel_axis: axis of the output that holds one box's values.
        shapes: (batch, height, width) of each run; the batch is 1 or 2.
        seconds, memory_bytes: processor time and address space that the process may take.
    """

    input: ModelInput
    channel_axis: int
    shapes: tuple[tuple[int, int, int], ...]
    seconds: int
    memory_bytes: int


@dataclass(frozen=True, slots=True)
class TrialRun:
    """What came out of one run over a grey picture and one of noise.

    Attributes:
        error: why it did not run; nothing else is known then.
        shape: of the first output.
        finite: no value is infinite or not a number.
        low, high: least and greatest value of each channel, over both pictures.
        middle: median of each channel over the grey picture.
        batch_agrees: the two pictures gave the same apart as together; True for batch 1.
    """

    error: str | None = None
    shape: tuple[int, ...] = ()
    finite: bool = False
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    middle: tuple[float, ...] = ()
    batch_agrees: bool = True


def main() -> None:
    """Run the trial that the first argument asks for."""
    request = TypeAdapter(TrialRequest).validate_json(sys.argv[1])
    _limit(request)
    runs = _Trial(request, sys.stdin.buffer.read()).runs()
    sys.stdout.buffer.write(orjson.dumps(runs))


def _limit(request: TrialRequest) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (request.seconds, request.seconds))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    if sys.platform == "linux":  # macOS accepts this limit and does not keep it
        resource.setrlimit(resource.RLIMIT_AS, (request.memory_bytes, request.memory_bytes))


class _Trial:
    def __init__(self, request: TrialRequest, model: bytes) -> None:
        self._request, self._model = request, model

    def runs(self) -> list[TrialRun]:
        """One report for each shape; a model that does not load gives one error."""
        from shared.inference.onnx_runtime import RUN_ERRORS, first_line, open_session

        faults: tuple[type[Exception], ...] = (*RUN_ERRORS, MemoryError)
        try:
            session = open_session(self._model)
        except faults as error:
            return [TrialRun(error=first_line(error))]
        reports = []
        for shape in self._request.shapes:
            try:
                reports.append(self._run(session, *shape))
            except faults as error:
                reports.append(TrialRun(error=first_line(error)))
        return reports

    def _run(self, session: Any, batch: int, height: int, width: int) -> TrialRun:
        from shared.inference.preprocess import Preprocess

        spec = replace(self._request.input, height=height, width=width, max_batch=2)
        pictures = Preprocess(spec)(_pictures(height, width))
        name = session.get_outputs()[0].name

        def infer(first: int, last: int) -> NDArray[np.float32]:
            (output,) = session.run([name], {spec.name: pictures[first:last]})
            return np.asarray(output, np.float32)

        singles = np.concatenate([infer(0, 1), infer(1, 2)])
        if batch == 1:
            return self._report(singles, (1, *singles.shape[1:]))
        both = infer(0, 2)
        agrees = both.shape == singles.shape and np.allclose(both, singles, _RTOL, _ATOL)
        # A head with built-in suppression can drop all pictures but the first: two empty
        # answers would agree, so the second picture must have one.
        agrees = agrees and both[1].any()
        return replace(self._report(both, both.shape), batch_agrees=bool(agrees))

    def _report(self, output: NDArray[np.float32], shape: tuple[int, ...]) -> TrialRun:
        if output.ndim != 3 or not np.isfinite(output).all():
            return TrialRun(shape=shape, finite=bool(np.isfinite(output).all()))
        channels = np.moveaxis(output, self._request.channel_axis, 0)
        flat = channels.reshape(len(channels), -1)
        return TrialRun(
            shape=shape,
            finite=True,
            low=tuple(flat.min(axis=1).tolist()),
            high=tuple(flat.max(axis=1).tolist()),
            middle=tuple(np.median(channels[:, 0], axis=1).tolist()),
        )


def _pictures(height: int, width: int) -> NDArray[np.uint8]:
    """uint8 (2, height, width, 3): plain grey, and noise that is the same every time."""
    grey = np.full((height, width, 3), _GREY, np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, grey.shape, np.uint8)
    return np.stack([grey, noise])


if __name__ == "__main__":
    main()
