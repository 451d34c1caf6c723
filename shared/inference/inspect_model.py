"""What an ONNX file says about itself, found without running it."""

from dataclasses import dataclass
from typing import Any, Literal

import onnx
from google.protobuf.message import DecodeError

from shared.errors import ModelError
from shared.inference.output_form import Shape
from shared.inference.self_contained import refuse_external_data
from shared.inference.training_notes import TrainingNotes, read_training_notes


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """A network with one picture input and one output; None stands for a dynamic size.

    Attributes:
        layout, dtype: of the input.
        batch, height, width: of the input.
        output: shape of the output; None where the file does not give it.
    """

    input_name: str
    layout: Literal["NHWC", "NCHW"]
    dtype: Literal["uint8", "float32"]
    batch: int | None
    height: int | None
    width: int | None
    output: Shape | None
    notes: TrainingNotes


def inspect_model(content: bytes, file_name: str) -> ModelFacts:
    """Parse and check a model file.

    Raises:
        ModelError: `not_onnx`, `external_data`, `bad_metadata`, or `unsupported_model` (more
            than one input or output, other data than pictures, another task than detection).
    """
    model = _parse(content, file_name)
    refuse_external_data(model, file_name)
    _check(content, file_name)
    notes = read_training_notes({p.key: p.value for p in model.metadata_props}, file_name)
    if notes.task not in (None, "detect"):
        raise _unsupported(file_name, f"it was trained for the task {notes.task!r}")
    return _facts(model.graph, notes, file_name)


def _parse(content: bytes, file_name: str) -> onnx.ModelProto:
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise _not_onnx(file_name, "it does not parse") from error
    if not model.graph.node:
        raise _not_onnx(file_name, "it holds no network")
    return model


def _check(content: bytes, file_name: str) -> None:
    try:
        onnx.checker.check_model(content)
    except (onnx.checker.ValidationError, ValueError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[0][:200]
        raise _not_onnx(file_name, reason.rstrip(".")) from error


def _facts(graph: onnx.GraphProto, notes: TrainingNotes, file_name: str) -> ModelFacts:
    weights = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in weights]
    for kind, values in (("input", inputs), ("output", graph.output)):
        if len(values) != 1:
            names = ", ".join(value.name for value in values) or "none"
            raise _unsupported(file_name, f"it has {len(values)} {kind}s ({names}) instead of one")
    pictures = inputs[0]
    layout, (batch, height, width) = _layout(_shape(pictures), file_name)
    if batch not in (None, 1):
        raise _unsupported(file_name, f"its batch is fixed at {batch} instead of 1 or dynamic")
    return ModelFacts(
        pictures.name, layout, _dtype(pictures, file_name), batch, height, width,
        _shape(graph.output[0]), notes,
    )  # fmt: skip


def _shape(value: onnx.ValueInfoProto) -> Shape | None:
    tensor = value.type.tensor_type
    if not tensor.HasField("shape"):
        return None
    # 0 and negative sizes are how some exporters write "dynamic".
    return tuple(size.dim_value if size.dim_value > 0 else None for size in tensor.shape.dim)


def _layout(shape: Shape | None, file_name: str) -> tuple[Any, Shape]:
    """The layout, and batch, height, width."""
    if shape is not None and len(shape) == 4:
        if shape[1] == 3:
            return "NCHW", (shape[0], shape[2], shape[3])
        if shape[3] == 3:
            return "NHWC", (shape[0], shape[1], shape[2])
    raise _unsupported(
        file_name, f"its input has the shape {shape} instead of (B, 3, H, W) or (B, H, W, 3)"
    )


def _dtype(value: onnx.ValueInfoProto, file_name: str) -> Any:
    kind = value.type.tensor_type.elem_type
    known = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.UINT8: "uint8"}
    if kind not in known:
        name = onnx.TensorProto.DataType.Name(kind).lower()
        raise _unsupported(file_name, f"its input is {name} instead of float32 or uint8")
    return known[kind]


def _not_onnx(file_name: str, reason: str) -> ModelError:
    return ModelError(
        "not_onnx",
        f"{file_name} is not a sound ONNX model ({reason}); export it again, and if it came "
        "from Git LFS, fetch the file itself.",
    )


def _unsupported(file_name: str, fault: str) -> ModelError:
    return ModelError(
        "unsupported_model",
        f"{file_name}: {fault}; export a box detector with one picture input and one output "
        "(segmentation, pose and rotated boxes are not supported).",
    )
