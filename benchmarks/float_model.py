"""The bundled detector as other programs expect one: float planes instead of bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnx.utils
from numpy.typing import NDArray

from shared.inference.onnx_runtime import open_session

_ARITHMETIC = {"Transpose", "Cast", "Div", "Mul"}
"""What the bundled model does to bytes before its first layer."""


def cut_preprocessing(source: Path, target: Path) -> None:
    """Write the network behind the pre-processing: float32 NCHW RGB, 0 to 1, batch 1.

    Raises:
        ValueError: the result does not answer like the original.
    """
    whole = onnx.shape_inference.infer_shapes(onnx.load(str(source)))
    entry, output = _entry(whole.graph), whole.graph.output[0].name
    network = onnx.utils.Extractor(whole).extract_model([entry], [output])
    del network.graph.value_info[:]  # they still speak of a dynamic batch
    for value in (network.graph.input[0], network.graph.output[0]):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    notes = {prop.key: prop.value for prop in whole.metadata_props} | {"batch": "1"}
    onnx.helper.set_model_props(network, notes)
    onnx.checker.check_model(network)
    _compare(whole, network)
    onnx.save(network, str(target))


def _entry(graph: Any) -> str:
    """The tensor that enters the first layer."""
    tensor: str = graph.input[0].name
    while True:
        readers = [node for node in graph.node if tensor in node.input]
        if len(readers) != 1 or readers[0].op_type not in _ARITHMETIC:
            return tensor
        tensor = readers[0].output[0]


def _compare(whole: Any, network: Any) -> None:
    """Run both on one picture of noise."""
    _, height, width, _ = (
        axis.dim_value for axis in whole.graph.input[0].type.tensor_type.shape.dim
    )
    noise = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), np.uint8)
    planes = np.ascontiguousarray(noise.transpose(0, 3, 1, 2), np.float32) / np.float32(255)
    if not np.allclose(_answer(whole, noise), _answer(network, planes), rtol=1e-3, atol=1e-2):
        raise ValueError("the detector without its pre-processing answers differently")


def _answer(model: Any, picture: NDArray[Any]) -> NDArray[np.float32]:
    session = open_session(model.SerializeToString())
    return np.asarray(session.run(None, {session.get_inputs()[0].name: picture})[0])
