"""A network as an ONNX file that says what it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx
import onnxslim
import torch

from shared.training.child.network import OPSET, STRIDE, from_pixels

LICENCE = "AGPL-3.0-or-later"


@dataclass(frozen=True, slots=True)
class Notes:
    """What a reader of the file alone needs to know.

    Attributes:
        size: height and width of the input in pixels.
    """

    classes: Sequence[str]
    size: tuple[int, int]
    description: str


def write_onnx(net: Any, path: Path, notes: Notes) -> None:
    """Write uint8 NHWC RGB `images` → float32 (B, 4 + C, A) `output0`; no suppression inside.

    The batch is dynamic, the size is not.

    Args:
        net: a detector of ultralytics, float32, in evaluation mode, on the processor.
    """
    pixels = torch.zeros(2, *notes.size, 3, dtype=torch.uint8)
    with torch.no_grad():
        torch.onnx.export(
            from_pixels(net),
            (pixels,),
            str(path),
            opset_version=OPSET,
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
            dynamo=False,
        )
    _finish(path, notes)


def _finish(path: Path, notes: Notes) -> None:
    """Simplify, check, and write the notes."""
    graph = onnxslim.slim(onnx.load(str(path)))
    properties = {
        "names": str(dict(enumerate(notes.classes))),
        "task": "detect",
        "imgsz": str(list(notes.size)),
        "stride": str(STRIDE),
        "license": LICENCE,
        "author": "Trackloop",
        "description": notes.description,
    }
    del graph.metadata_props[:]
    for key, value in properties.items():
        graph.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
