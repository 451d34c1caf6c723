"""The weak detector is the bundled one, disturbed, and always the same."""

from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from demo.weak_detector import NOISE, write_weak_detector
from shared.settings import Settings

BUNDLED = Settings().model_repository / "pet_hotel" / "1" / "model.onnx"


def _weights(file: Path) -> dict[str, np.ndarray]:
    initializers = onnx.load(file).graph.initializer
    return {each.name: numpy_helper.to_array(each) for each in initializers}


def test_equal_calls_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_weak_detector(BUNDLED, tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_only_convolutions_are_disturbed_and_as_much_as_was_asked_for(tmp_path: Path) -> None:
    write_weak_detector(BUNDLED, tmp_path / "weak.onnx")
    exact, weak = _weights(BUNDLED), _weights(tmp_path / "weak.onnx")
    nodes = onnx.load(BUNDLED).graph.node
    kernels = {node.input[1] for node in nodes if node.op_type == "Conv"}
    changed = {name for name, values in exact.items() if not np.array_equal(values, weak[name])}
    # A kernel of equal weights has no spread, and so gets no noise.
    assert changed == {name for name in kernels if exact[name].std() > 0}
    largest = max(changed, key=lambda name: exact[name].size)
    added = weak[largest] - exact[largest]
    assert np.isclose(added.std() / exact[largest].std(), NOISE, rtol=0.05)


def test_without_noise_it_is_the_same_network(tmp_path: Path) -> None:
    write_weak_detector(BUNDLED, tmp_path / "same.onnx", noise=0.0)
    exact, same = _weights(BUNDLED), _weights(tmp_path / "same.onnx")
    assert all(np.array_equal(values, same[name]) for name, values in exact.items())
