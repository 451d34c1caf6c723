"""The inference port: images in, the network's raw output out, later."""

from concurrent.futures import Future
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Output = NDArray[np.float32]


class Runtime(Protocol):
    """One loaded model. Every adapter passes tests/contracts/test_runtime.py.

    Attributes:
        in_flight: calls worth having under way at once; one more only waits.
        provenance: what ran the model: runtime, its version, provider or device, precision.
    """

    in_flight: int
    provenance: dict[str, str]

    def infer(self, images: Images) -> "Future[Output]":
        """Run one batch; at most `in_flight` run at once and the result does not depend on it.

        Args:
            images: uint8 (B, H, W, 3), RGB, B at most the manifest's `max_batch`.

        Returns:
            A future of the first output, float32 (B, …) as the manifest's decoding says. It
            holds ModelError (`inference_failed`) when the network cannot run.
        """

    def close(self) -> None:
        """Let running calls end and free the model."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...
