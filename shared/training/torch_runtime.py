"""Weights behind the inference port: a .pt is run and measured by the code that runs an .onnx."""

import tempfile
from contextlib import ExitStack
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter

from shared.domain.model import ModelInput, ModelManifest
from shared.errors import PermanentError
from shared.inference.pooled import PooledRuntime
from shared.inference.port import Images, Output
from shared.inference.preprocess import Preprocess
from shared.training.frames import read_frame, write_frame
from shared.training.jobs import ForwardJob, Weights, WeightsFacts
from shared.training.process import OnLook, TrainingProcess, training_process

MOST_PICTURES = 16
"""In one batch."""


class TorchRuntime(PooledRuntime):
    """One .pt in a training process; a context manager, see `Runtime`.

    Attributes:
        manifest: as that of the file which `Trainer.export` would write, for `decode_output`;
            its hash is that of the weights.
    """

    def __init__(self, process: TrainingProcess, manifest: ModelManifest,
                 provenance: dict[str, str], alive: ExitStack) -> None:  # fmt: skip
        super().__init__(_Forward(process, manifest), 1, provenance, manifest.name)
        self.manifest, self._alive = manifest, alive

    def close(self) -> None:
        """Let queued calls end, then the process; may be called twice."""
        super().close()
        self._alive.close()


def open_weights(
    python: Path, weights: Weights, threads: int, on_look: OnLook = lambda: None
) -> TorchRuntime:
    """Load weights into a process of their own: on a GPU where torch has one.

    Args:
        python: see `training_python`.
        threads: of one inference, on a processor.
        on_look: called at least once a second while they load; what it raises ends it.

    Raises:
        PermanentError: `no_training_environment`, `foreign_weights`, `out_of_memory`,
            `training_failed`.
        TransientError: `training_died`.
    """
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="trackloop-forward-"))
        job = ForwardJob(weights, threads)
        process = stack.enter_context(training_process(python, job, Path(folder)))
        answer = next(process.messages(on_look))
        facts = TypeAdapter(WeightsFacts).validate_python(answer["result"])
        return TorchRuntime(
            process, _manifest(weights, facts), facts.provenance, stack.pop_all()
        )  # fmt: skip


def _manifest(weights: Weights, facts: WeightsFacts) -> ModelManifest:
    height, width = facts.size
    spec = ModelInput(
        name="images", height=height, width=width, layout="NHWC", dtype="uint8", scale=1.0,
        max_batch=MOST_PICTURES,
    )  # fmt: skip
    return ModelManifest(
        name="weights", version="1", task="detect", classes=facts.classes, decoding="raw",
        input=spec, sha256=weights.sha256,
    )  # fmt: skip


class _Forward:
    """One call, from pictures to the output; its runtime makes one at a time."""

    def __init__(self, process: TrainingProcess, manifest: ModelManifest) -> None:
        self._process, self._prepare = process, Preprocess(manifest.input)

    def __call__(self, images: Images) -> Output:
        prepared = np.ascontiguousarray(self._prepare(images))
        try:
            write_frame(self._process.input, prepared)
            found = read_frame(self._process.output)
        except (OSError, EOFError):
            found = None
        if found is None:
            raise self._process.died()
        if isinstance(found, dict):
            raise PermanentError(found["code"], found["message"])
        return np.asarray(found, np.float32)
