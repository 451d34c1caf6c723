"""What `trackloop models add` refuses: other networks, broken files, hostile graphs."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from shared.errors import InvalidInputError, ModelError
from shared.inference.add_model import add_model
from shared.inference.add_request import AddRequest
from shared.inference.models import ModelStore
from shared.inference.run_trial import TrialLimits
from tests.support.adding import Edit, add, append_output_node, edited, refusal, tiny
from tests.support.tiny_models import with_external

ABC = ("a", "b", "c")


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "bundled", tmp_path / "own")


WRONG_WORDS = {
    "path as name": ({}, {"name": "../mine"}, "bad_model_name"),
    "empty class": ({}, {"classes": ("a", " ", "c")}, "bad_option"),
    "odd size": ({"dynamic_size": True}, {"size": (65, 96)}, "bad_option"),
    "huge size": ({"dynamic_size": True}, {"size": (65536, 65536)}, "bad_option"),
    "scale of bytes": ({"dtype": "uint8"}, {"scale": 1.0}, "bad_option"),
    "no scale": ({}, {"scale": 0.0}, "bad_manifest"),
    "threshold": ({}, {"confidence": 1.5}, "bad_manifest"),
    "threshold that no run takes": ({}, {"confidence": 0.0}, "bad_manifest"),
    "other size": ({}, {"size": (64, 64)}, "model_does_not_fit"),
    "other decoding": ({}, {"decoding": "grid"}, "model_does_not_fit"),
    "too few classes": ({}, {"classes": ("a", "b")}, "model_does_not_fit"),
    "too many classes": ({"decoding": "grid"}, {"classes": ("a",) * 80}, "model_does_not_fit"),
    "class beyond": (
        {"decoding": "end2end", "classes": 10},
        {"classes": ("a",)},
        "model_does_not_fit",
    ),
}


@pytest.mark.parametrize(("built", "said", "code"), WRONG_WORDS.values(), ids=WRONG_WORDS.keys())
def test_refuses_what_does_not_fit(
    store: ModelStore, built: Any, said: Any, code: str, tmp_path: Path
) -> None:
    assert refusal(store, tiny(tmp_path, **built), **({"classes": ABC} | said)).code == code


def test_names_both_numbers_of_classes(store: ModelStore, tmp_path: Path) -> None:
    error = refusal(store, tiny(tmp_path), classes=("a",) * 80)
    assert "3 classes" in error.message
    assert "80 class names" in error.message


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.add().CopyFrom(
        helper.make_tensor_value_info("head", TensorProto.FLOAT, [1, 7, 126])
    )


def second_input(model: onnx.ModelProto) -> None:
    model.graph.input.add().CopyFrom(helper.make_tensor_value_info("extra", TensorProto.FLOAT, [2]))


def resized_input(*sizes: int) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        shape = model.graph.input[0].type.tensor_type.shape
        del shape.dim[:]
        for size in sizes:
            shape.dim.add(dim_value=size)

    return edit


def note(key: str, value: str) -> Edit:
    def edit(model: onnx.ModelProto) -> None:
        next(p for p in model.metadata_props if p.key == key).value = value

    return edit


def constant(model: onnx.ModelProto, value: float) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.array(value, np.float32), "k"))


def logits(model: onnx.ModelProto) -> None:
    constant(model, 9.0)
    append_output_node(model, ("Mul", ["before", "k"], "output"))


def not_numbers(model: onnx.ModelProto) -> None:
    constant(model, -1.0)
    append_output_node(model, ("Mul", ["before", "k"], "minus"), ("Log", ["minus"], "output"))


def fractions(model: onnx.ModelProto) -> None:
    constant(model, 0.01)
    append_output_node(model, ("Mul", ["before", "k"], "output"))


UNFIT: dict[str, tuple[Edit, str, str]] = {
    "two outputs": (second_output, "unsupported_model", "2 outputs"),
    "two inputs": (second_input, "unsupported_model", "2 inputs"),
    "grey input": (resized_input(1, 1, 64, 96), "unsupported_model", "shape"),
    "fixed batch": (resized_input(4, 3, 64, 96), "unsupported_model", "fixed at 4"),
    "segmentation": (note("task", "segment"), "unsupported_model", "'segment'"),
    "pose": (note("task", "pose"), "unsupported_model", "'pose'"),
    "rotated boxes": (note("task", "obb"), "unsupported_model", "'obb'"),
    "code as names": (note("names", "__import__('os').getcwd()"), "bad_metadata", "names"),
    "deep names": (note("names", "(" * 100_000), "bad_metadata", "names"),
    "gap in names": (note("names", "{0: 'a', 2: 'b'}"), "bad_metadata", "0, 1, 2"),
    "names of no text": (note("names", "{0: 'a', 1: 7}"), "bad_metadata", "no text"),
    "size of no size": (note("imgsz", "[64]"), "bad_metadata", "imgsz"),
    "logits": (logits, "model_does_not_fit", "instead of 0 and 1"),
    "not numbers": (not_numbers, "model_does_not_fit", "no numbers"),
    "fractions": (fractions, "model_does_not_fit", "fractions of the picture"),
}


@pytest.mark.parametrize(("edit", "code", "words"), UNFIT.values(), ids=UNFIT.keys())
def test_refuses_other_networks(
    store: ModelStore, edit: Edit, code: str, words: str, tmp_path: Path
) -> None:
    error = refusal(store, edited(tmp_path, edit))
    assert (error.code, words in error.message) == (code, True), error.message


def test_refuses_boxes_that_are_decoded_already(store: ModelStore, tmp_path: Path) -> None:
    def decoded(model: onnx.ModelProto) -> None:
        shift = np.array([40, 40, 0, 0, 0, 0, 0, 0], np.float32)
        model.graph.initializer.append(numpy_helper.from_array(shift, "shift"))
        append_output_node(model, ("Add", ["before", "shift"], "output"))

    error = refusal(store, edited(tmp_path, decoded, decoding="grid"), size=(64, 96))
    assert "decoded already" in error.message


def in_constant(model: onnx.ModelProto) -> onnx.TensorProto:
    value = numpy_helper.from_array(np.zeros(3, np.float32), "inner")
    model.graph.node.append(helper.make_node("Constant", [], ["unused"], value=value))
    return model.graph.node[-1].attribute[0].t


def in_subgraph(model: onnx.ModelProto) -> onnx.TensorProto:
    inner = helper.make_graph(
        [], "inner", [], [], [numpy_helper.from_array(np.zeros(3, np.float32), "deep")]
    )
    model.graph.node.append(
        helper.make_node("If", ["flag"], ["unused"], then_branch=inner, else_branch=inner)
    )
    return model.graph.node[-1].attribute[1].g.initializer[0]


def in_sparse(model: onnx.ModelProto) -> onnx.TensorProto:
    values = numpy_helper.from_array(np.ones(1, np.float32), "sparse")
    indices = numpy_helper.from_array(np.zeros(1, np.int64), "indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))
    return model.graph.sparse_initializer[-1].indices


def in_function(model: onnx.ModelProto) -> onnx.TensorProto:
    value = numpy_helper.from_array(np.zeros(3, np.float32), "hidden")
    node = helper.make_node("Constant", [], ["y"], value=value)
    opsets = [helper.make_opsetid("", 17)]
    model.functions.append(helper.make_function("own", "f", [], ["y"], [node], opsets))
    return model.functions[-1].node[0].attribute[0].t


EXTERNAL = {
    "initialiser": lambda model: model.graph.initializer[0],
    "attribute": in_constant,
    "subgraph": in_subgraph,
    "sparse": in_sparse,
    "function": in_function,
}


@pytest.mark.parametrize("place", EXTERNAL.values(), ids=EXTERNAL.keys())
def test_refuses_data_in_other_files(
    store: ModelStore, place: Callable[[onnx.ModelProto], onnx.TensorProto], tmp_path: Path
) -> None:
    error = refusal(store, edited(tmp_path, lambda model: with_external(model, place)))
    assert error.code == "external_data"
    assert "../../etc/passwd" in error.message


@pytest.mark.parametrize(
    "content", [b"", b"version https://git-lfs.github.com/spec/v1", b"\x08\x08", bytes(1000)]
)
def test_refuses_other_files(store: ModelStore, content: bytes, tmp_path: Path) -> None:
    file = tmp_path / "model.onnx"
    file.write_bytes(content)
    assert refusal(store, file).code == "not_onnx"


def test_refuses_large_and_missing_files(store: ModelStore, tmp_path: Path) -> None:
    file = tiny(tmp_path)
    with pytest.raises(ModelError, match="TRACKLOOP_MAX_MODEL_BYTES") as refused:
        add_model(store, file, AddRequest("mine", ABC), max_bytes=file.stat().st_size - 1)
    assert refused.value.code == "model_too_large"
    for absent in (tmp_path / "absent.onnx", tmp_path):
        with pytest.raises(InvalidInputError, match="is not a file"):
            add(store, absent)


def endless(model: onnx.ModelProto) -> None:
    """A loop that runs for ever before it lets the output through."""
    flag = helper.make_tensor_value_info("go", TensorProto.BOOL, [])
    count = helper.make_tensor_value_info("count", TensorProto.INT64, [])
    value = helper.make_tensor_value_info("value", TensorProto.FLOAT, None)
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["go_on"]),
            helper.make_node("Abs", ["value"], ["value_on"]),
        ],
        "body",
        [count, flag, value],
        [
            helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("value_on", TensorProto.FLOAT, None),
        ],
    )
    for name, start in (("most", np.array(2**62)), ("true", np.array(True))):
        model.graph.initializer.append(numpy_helper.from_array(start, name))
    append_output_node(model)
    model.graph.node.append(
        helper.make_node("Loop", ["most", "true", "before"], ["output"], body=body)
    )


def enormous(model: onnx.ModelProto) -> None:
    """A terabyte of zeros, added to the output."""
    sides = numpy_helper.from_array(np.array([1 << 10, 1 << 14, 1 << 14]), "sides")
    model.graph.initializer.append(sides)
    append_output_node(
        model,
        ("ConstantOfShape", ["sides"], "zeros"),
        ("ReduceMax", ["zeros"], "most"),
        ("Add", ["before", "most"], "output"),
    )


@pytest.mark.parametrize("edit", [endless, enormous])
def test_a_hostile_network_is_stopped(store: ModelStore, edit: Edit, tmp_path: Path) -> None:
    started = time.monotonic()
    with pytest.raises(ModelError) as refused:
        add_model(
            store, edited(tmp_path, edit), AddRequest("mine"), max_bytes=2**24,
            limits=TrialLimits(seconds=5),
        )  # fmt: skip
    assert refused.value.code == "model_does_not_run"
    assert time.monotonic() - started < 20
    assert not store.own.exists()


def test_real_models_that_do_not_fit(store: ModelStore, test_data: Path) -> None:
    classes = tuple(map(str, range(80)))
    three = refusal(store, test_data / "models/yolox_nano_3class_416.onnx", classes=classes)
    assert three.code == "model_does_not_fit"
    assert "3 classes" in three.message
    assert "80 class names" in three.message
    reid = refusal(store, test_data / "models/osnet_x0_25_msmt17_a.onnx", classes=classes)
    assert reid.code == "model_does_not_fit"
    pointer = refusal(store, test_data / "malformed/other/git_lfs_pointer.onnx")
    assert pointer.code == "not_onnx"
