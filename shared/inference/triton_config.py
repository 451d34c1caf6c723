"""How a model is described to Triton, and under which name it serves there.

https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/model_configuration.html
"""

import hashlib
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError
from google.protobuf.text_encoding import CEscape

from shared.errors import ModelError
from shared.inference.models import Model
from shared.inference.triton_address import KINDS, TritonAddress

VERSION = "1"
"""Of every folder: what differs has another name, so a name never gets a second version."""
SHA256 = "trackloop_sha256"
"""Parameter that says which model.onnx serves."""
_TYPES = {onnx.TensorProto.FLOAT: "TYPE_FP32", onnx.TensorProto.UINT8: "TYPE_UINT8",
          onnx.TensorProto.FLOAT16: "TYPE_FP16"}  # fmt: skip
_AXES = 3  # of every detector's output
_HASH_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Served:
    """A model as Triton gets it.

    Attributes:
        name: of its folder and in every request: the model's name and a hash of all that decides
            what it answers, so that two models never share one.
        config: config.pbtxt, without the name.
        output: name of its first output.
        output_shape: of one call, the batch first; None where it depends on the input, or is not of
            float32.
        batched: the first axis of input and output is the server's batch.
        content: model.onnx.
    """

    name: str
    config: str
    output: str
    output_shape: tuple[int, ...] | None
    batched: bool
    content: bytes

    @property
    def document(self) -> str:
        """config.pbtxt."""
        return f'name: "{self.name}"\n{self.config}'


def describe(model: Model, address: TritonAddress) -> Served:
    """Read the model file and describe it.

    Raises:
        ModelError: `model_missing`, `model_changed`, or `model_does_not_run`.
    """
    content = model.read()
    graph = _graph(content, model)
    weights = {tensor.name for tensor in graph.initializer}
    pictures = next(value for value in graph.input if value.name not in weights)
    output, most = graph.output[0], model.manifest.input.max_batch
    batched = most > 1
    shapes = [_dims(value, batched=batched) for value in (pictures, output)]
    tensors = [_tensor(*each) for each in zip((pictures, output), shapes, strict=True)]
    config = _text(most if batched else 0, tensors, address, model.manifest.sha256)
    digest = hashlib.sha256(config.encode()).hexdigest()[:_HASH_DIGITS]
    known = -1 not in shapes[1] and output.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    fixed = tuple(shapes[1]) if known else None
    return Served(f"{model.manifest.name}-{digest}", config, output.name, fixed, batched, content)


def _graph(content: bytes, model: Model) -> onnx.GraphProto:
    try:
        graph = onnx.load_model_from_string(content).graph
    except DecodeError as error:
        raise does_not_run(model, "it does not parse as ONNX") from error
    if not graph.node or not graph.output:
        raise does_not_run(model, "it holds no network")
    return graph


def _dims(value: onnx.ValueInfoProto, *, batched: bool) -> list[int]:
    """Sizes as the configuration gives them: -1 where dynamic, without the batch where batched."""
    tensor = value.type.tensor_type
    found = [size.dim_value if size.dim_value > 0 else -1 for size in tensor.shape.dim]
    # One picture at a time, whether or not the file leaves it open.
    found = [1, *found[1:]] if found else [1, *[-1] * (_AXES - 1)]
    return found[1:] if batched else found


def _tensor(value: onnx.ValueInfoProto, dims: list[int]) -> str:
    kind = _TYPES.get(value.type.tensor_type.elem_type, "TYPE_FP32")
    # The name is whatever the file says, which may come from anywhere.
    name = CEscape(value.name, as_utf8=True)
    return f'  {{ name: "{name}" data_type: {kind} dims: {dims} }}'


def _text(most: int, tensors: list[str], address: TritonAddress, sha256: str) -> str:
    pictures, output = tensors
    batching = "dynamic_batching { }\n" if most else ""
    return f"""platform: "onnxruntime_onnx"
max_batch_size: {most}
input [
{pictures}
]
output [
{output}
]
instance_group [
  {{ kind: {KINDS[address.device]} count: {address.instances} }}
]
{batching}version_policy: {{ all {{ }} }}
parameters {{ key: "intra_op_thread_count" value: {{ string_value: "1" }} }}
parameters {{ key: "inter_op_thread_count" value: {{ string_value: "1" }} }}
parameters {{ key: "{SHA256}" value: {{ string_value: "{sha256}" }} }}
"""


def does_not_run(model: Model, reason: str) -> ModelError:
    """The model cannot serve."""
    return ModelError(
        "model_does_not_run",
        f"{model.path}: Triton cannot load it ({reason.rstrip('. ')}); export it for the server's "
        "ONNX Runtime, and correct ?device= of TRACKLOOP_INFERENCE_URL where it has no GPU.",
    )
