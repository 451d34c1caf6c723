"""A detector that is worse than the bundled one: what a better model is to replace.

Noise on the weights of its convolutions, of one and the same seed, as if it had been trained too
little: it still finds subjects, misses many and draws its boxes askew.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from shared.storage.files import publishing

SEED = 7
NOISE = 0.15
"""Standard deviation of the noise over that of a layer's weights."""


def write_weak_detector(source: Path, target: Path, *, noise: float = NOISE) -> None:
    """Write a copy of an ONNX detector whose convolutions are disturbed; equal inputs, equal bytes.

    Args:
        source: float32, weights inside the file.
        noise: standard deviation of what is added to each weight of a convolution, in parts of
            the standard deviation of its layer's weights.

    Raises:
        TransientError: `disk_full`.
    """
    model = onnx.load(source)
    kernels = {node.input[1] for node in model.graph.node if node.op_type == "Conv"}
    random = np.random.default_rng(SEED)
    for weights in model.graph.initializer:
        if weights.name in kernels:
            exact = numpy_helper.to_array(weights)
            added = noise * exact.std() * random.standard_normal(exact.shape)
            disturbed = (exact + added).astype(exact.dtype)
            weights.CopyFrom(numpy_helper.from_array(disturbed, weights.name))
    with publishing(target) as partial:
        onnx.save(model, partial)
