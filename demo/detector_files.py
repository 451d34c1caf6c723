"""The folder of a served model: weights, labels, Triton's configuration, and the manifest."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import onnxruntime as ort

from demo.subjects import CLASSES
from shared.storage.files import publishing_folder

MAX_BATCH = 16
VERSION = "1"

CONFIG = """\
name: "{name}"
platform: "onnxruntime_onnx"
max_batch_size: {batch}
input [
  {{
    name: "images"
    data_type: TYPE_UINT8
    dims: [ {height}, {width}, 3 ]
  }}
]
output [
  {{
    name: "output0"
    data_type: TYPE_FP32
    dims: [ {rows}, {anchors} ]
  }}
]
instance_group [ {{ kind: KIND_AUTO }} ]
dynamic_batching {{ }}
version_policy: {{ all {{ }} }}
"""


def output_shape(model: Path, height: int, width: int) -> tuple[int, int]:
    """Rows and anchors that the model gives; refuses one that is not independent of batching."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    pixels = np.random.default_rng(0).integers(0, 256, (3, height, width, 3), dtype=np.uint8)
    together = session.run(["output0"], {"images": pixels})[0]
    alone = session.run(["output0"], {"images": pixels[1:2]})[0]
    if not np.allclose(together[1:2], alone, rtol=1e-3, atol=1e-2):
        raise ValueError("the exported model answers differently in a batch and alone")
    return int(together.shape[1]), int(together.shape[2])


def write_model_folder(out: Path, model: Path, size: tuple[int, int], metrics: object) -> None:
    """Put `model` and the files around it into `out`, all at once."""
    height, width = size
    rows, anchors = output_shape(model, height, width)
    with publishing_folder(out) as new:
        (new / VERSION).mkdir()
        shutil.copy(model, new / VERSION / "model.onnx")
        (new / "labels.txt").write_text("\n".join(CLASSES) + "\n", encoding="utf-8")
        fields = {"name": out.name, "batch": MAX_BATCH, "height": height, "width": width}
        config = CONFIG.format(**fields, rows=rows, anchors=anchors)
        (new / "config.pbtxt").write_text(config, encoding="utf-8")
        manifest = json.dumps(_manifest(out.name, model, size, metrics), indent=2)
        (new / "model.json").write_text(manifest + "\n", encoding="utf-8")


def _manifest(name: str, model: Path, size: tuple[int, int], metrics: object) -> dict[str, object]:
    image = {
        "name": "images",
        "height": size[0],
        "width": size[1],
        "layout": "NHWC",
        "dtype": "uint8",
        "channels": "RGB",
        "scale": 1.0,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "dynamic_size": False,
        "max_batch": MAX_BATCH,
    }
    return {
        "name": name,
        "version": VERSION,
        "task": "detect",
        "classes": list(CLASSES),
        "decoding": "raw",
        "input": image,
        "thresholds": {"confidence": 0.4, "iou": 0.7},
        "embedding_size": None,
        "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
        "metrics": metrics,
        "licence": "AGPL-3.0-or-later",
    }
