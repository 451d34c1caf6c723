"""A runtime made of a plain function and as many threads as inferences may be in flight."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from shared.errors import ModelError
from shared.inference.port import Images, Output

Run = Callable[[Images], Output]


class PooledRuntime:
    """Runs `run` in `workers` threads; `run` must be safe to call from several at once.

    Pre-processing belongs inside `run`, so that it is spread over the cores as well.

    Args:
        label: of the model, for errors.
    """

    def __init__(self, run: Run, workers: int, provenance: dict[str, str], label: str) -> None:
        self._label = label
        self.in_flight = workers
        self.provenance = provenance
        self._run: Run | None = run
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="inference")

    def infer(self, images: Images) -> "Future[Output]":
        """Queue one batch; see the port.

        Raises:
            RuntimeError: the runtime was closed.
        """
        if self._run is None:
            raise RuntimeError("infer() was called on a closed runtime")
        return self._pool.submit(self._checked, self._run, images)

    def _checked(self, run: Run, images: Images) -> Output:
        output = run(images)
        # A graph that fixes its batch inside mixes or drops pictures without an error.
        if len(output) != len(images):
            raise ModelError(
                "inference_failed",
                f"Model {self._label} gave {len(output)} outputs for {len(images)} pictures; "
                "set input.max_batch to 1 in its manifest.",
            )
        return output

    def close(self) -> None:
        """Let running and queued calls end, then free the model; may be called twice."""
        self._pool.shutdown(wait=True)
        self._run = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
