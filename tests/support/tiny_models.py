"""Small detectors with fixed weights, in every form that Trackloop reads."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from shared.domain.model import Decoding, ModelInput, ModelManifest
from shared.inference.models import Model
from shared.storage.files import sha256_of

STRIDES = (8, 16, 32)
END2END_ROWS = 20


@dataclass(frozen=True)
class TinyModel:
    """A detector to build: one average pooling and one 1x1 convolution per stride.

    Attributes:
        dynamic_batch, dynamic_size: what the declared input shape leaves open.
        lies: the batch is declared dynamic although a reshape inside fixes it to 1.
        metadata: ONNX metadata properties.
    """

    decoding: Decoding = "raw"
    classes: int = 3
    height: int = 64
    width: int = 96
    dtype: str = "float32"
    layout: str = "NCHW"
    dynamic_batch: bool = False
    dynamic_size: bool = False
    lies: bool = False
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def cells(self) -> int:
        """Boxes before any selection."""
        return sum((self.height // s) * (self.width // s) for s in STRIDES)

    def build(self) -> onnx.ModelProto:
        """The ONNX model."""
        parts = _Parts(self)
        parts.head()
        {"raw": parts.raw, "grid": parts.grid, "end2end": parts.end2end}[self.decoding]()
        return parts.model()

    def save(self, path: Path) -> Path:
        """Write the model."""
        onnx.save(self.build(), path)
        return path

    def manifest(self, sha256: str = "0" * 64) -> ModelManifest:
        """What `model.json` should say."""
        return ModelManifest(
            name="tiny",
            version="1",
            task="detect",
            classes=tuple("abcdefghij"[: self.classes]),
            decoding=self.decoding,
            input=ModelInput(
                name="images",
                height=self.height,
                width=self.width,
                layout=self.layout,
                dtype=self.dtype,
                scale=1.0 if self.dtype == "uint8" else 1 / 255,
                dynamic_size=self.dynamic_size,
                max_batch=8 if self.dynamic_batch and not self.lies else 1,
            ),
            sha256=sha256,
        )

    def in_folder(self, folder: Path) -> Model:
        """The model on disk, with its manifest."""
        path = self.save(folder / "model.onnx")
        return Model(self.manifest(sha256_of(path)), path)


class _Parts:
    """Collects nodes and weights."""

    def __init__(self, tiny: TinyModel) -> None:
        self.tiny = tiny
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []
        self.random = np.random.default_rng(7)
        self.channels = {"grid": 5}.get(tiny.decoding, 4) + tiny.classes

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def weight(self, name: str, value: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(value, name))
        return name

    def head(self) -> None:
        """`head`: (B, channels, A)."""
        pixels = self.pixels()
        flat = self.weight("flat", np.array([1 if self.tiny.lies else 0, self.channels, -1]))
        maps = []
        for s in STRIDES:
            pooled = self.node(
                "AveragePool", [pixels], f"p{s}", kernel_shape=[s, s], strides=[s, s]
            )
            shape = (self.channels, 3, 1, 1)
            kernel = self.weight(f"w{s}", self.random.normal(0, 2, shape).astype(np.float32))
            bias = self.weight(f"b{s}", self.random.normal(0, 1, self.channels).astype(np.float32))
            convolved = self.node("Conv", [pooled, kernel, bias], f"c{s}")
            maps.append(self.node("Reshape", [convolved, flat], f"f{s}"))
        self.node("Concat", maps, "joined", axis=2)
        self.node("Sigmoid", ["joined"], "head")

    def pixels(self) -> str:
        """Float NCHW pixels, 0 to 1, from whatever the input is."""
        if self.tiny.dtype == "float32" and self.tiny.layout == "NCHW":
            return "images"
        name = self.node("Cast", ["images"], "cast", to=TensorProto.FLOAT)
        if self.tiny.dtype == "uint8":
            scale = self.weight("scale", np.array(1 / 255, np.float32))
            name = self.node("Mul", [name, scale], "scaled")
        if self.tiny.layout == "NHWC":
            name = self.node("Transpose", [name], "planar", perm=[0, 3, 1, 2])
        return name

    def slice(self, source: str, first: int, last: int, axis: int, output: str) -> str:
        bounds = [
            self.weight(f"{output}_{part}", np.array([value]))
            for part, value in (("first", first), ("last", last), ("axis", axis))
        ]
        return self.node("Slice", [source, *bounds], output)

    def raw(self, output: str = "output") -> None:
        """(B, 4+C, A): centres and sides up to 64 pixels."""
        size = self.weight("size", np.array(64, np.float32))
        boxes = self.node("Mul", [self.slice("head", 0, 4, 1, "box_part"), size], "boxes")
        scores = self.slice("head", 4, self.channels, 1, "scores")
        self.node("Concat", [boxes, scores], output, axis=1)

    def grid(self) -> None:
        """(B, A, 5+C): offsets 0 to 1, logarithms of sides 0 to 1."""
        self.node("Transpose", ["head"], "output", perm=[0, 2, 1])

    def end2end(self) -> None:
        """(B, 20, 6): the first boxes, as corners, with their best class."""
        self.raw("all")
        rows = self.node("Transpose", ["all"], "all_rows", perm=[0, 2, 1])
        rows = self.slice(rows, 0, END2END_ROWS, 1, "rows")
        centre, sides = self.slice(rows, 0, 2, 2, "centre"), self.slice(rows, 2, 4, 2, "sides")
        half = self.node("Mul", [sides, self.weight("half", np.array(0.5, np.float32))], "halves")
        low = self.node("Sub", [centre, half], "low")
        high = self.node("Add", [centre, half], "high")
        scores = self.slice(rows, 4, self.channels, 2, "row_scores")
        best = self.node("ReduceMax", [scores], "best", axes=[2], keepdims=1)
        index = self.node("ArgMax", [scores], "index", axis=2, keepdims=1)
        number = self.node("Cast", [index], "number", to=TensorProto.FLOAT)
        self.node("Concat", [low, high, best, number], "output", axis=2)

    def model(self) -> onnx.ModelProto:
        tiny = self.tiny
        batch = "batch" if tiny.dynamic_batch else 1
        sides = ["height", "width"] if tiny.dynamic_size else [tiny.height, tiny.width]
        shape = [batch, *sides, 3] if tiny.layout == "NHWC" else [batch, 3, *sides]
        cells = "cells" if tiny.dynamic_size else tiny.cells
        out = {
            "raw": [batch, self.channels, cells],
            "grid": [batch, cells, self.channels],
            "end2end": [batch, END2END_ROWS, 6],
        }[tiny.decoding]
        kind = TensorProto.UINT8 if tiny.dtype == "uint8" else TensorProto.FLOAT
        graph = helper.make_graph(
            self.nodes,
            "tiny",
            [helper.make_tensor_value_info("images", kind, shape)],
            [helper.make_tensor_value_info("output", TensorProto.FLOAT, out)],
            self.weights,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, tiny.metadata)
        return model


def ultralytics_metadata(classes: int = 3, **others: str) -> dict[str, str]:
    """Properties as an ultralytics export writes them."""
    names = dict(enumerate("abcdefghij"[:classes]))
    return {"names": str(names), "task": "detect", "imgsz": "[64, 96]", "end2end": "False"} | others


def with_external(
    model: onnx.ModelProto, place: Callable[[onnx.ModelProto], onnx.TensorProto]
) -> onnx.ModelProto:
    """The model with one tensor said to lie in another file."""
    tensor = place(model)
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="../../etc/passwd")
    return model
