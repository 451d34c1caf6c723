"""The small detector: its shape, its training, and its conversion to ONNX. Needs `train`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from demo.subjects import CLASSES

INPUT_HEIGHT, INPUT_WIDTH = 288, 512

# Frames all have one shape, so batches are rectangular; the rooms vary enough without mosaics.
# A nominal batch (nbs) of the real size: ultralytics' 64 would leave three of four steps out.
FIT: dict[str, Any] = {
    "imgsz": INPUT_WIDTH,
    "rect": True,
    "batch": 16,
    "nbs": 16,
    "val": False,
    "workers": 0,
    "cache": "ram",
    "device": "cpu",
    "amp": False,
    "optimizer": "AdamW",
    "lr0": 0.002,
    "lrf": 0.02,
    "cos_lr": True,
    "warmup_epochs": 1.0,
    "mosaic": 0.0,
    "scale": 0.25,
    "translate": 0.06,
    "hsv_h": 0.02,
    "hsv_s": 0.4,
    "hsv_v": 0.3,
    "plots": False,
    "verbose": False,
    "deterministic": True,
}


def train(data: Path, work: Path, *, epochs: int, threads: int, seed: int) -> tuple[Any, Any]:
    """Train from scratch; returns the model and its metrics on the validation frames."""
    from ultralytics import YOLO, settings
    from ultralytics.utils import torch_utils

    from demo.half_precision import HalfTrainer
    from shared.training.child.network import write_shape

    settings.update({"sync": False})
    torch_utils.NUM_THREADS = threads
    shape = work / "pet_hotel.yaml"
    write_shape(shape, "atto", len(CLASSES))
    model = YOLO(str(shape), task="detect")
    where = {"data": str(data), "project": str(work), "name": "fit", "exist_ok": True}
    result = model.train(HalfTrainer, **FIT, **where, epochs=epochs, seed=seed)
    return YOLO(str(work / "fit" / "weights" / "last.pt")), result


def to_onnx(model: Any, path: Path) -> None:
    """Write uint8 NHWC RGB `images` → float (B, 4 + classes, anchors) `output0`; no NMS."""
    from shared.training.child.onnx_file import Notes, write_onnx

    description = "People, cats and dogs in the synthetic pet hotel"
    size = (INPUT_HEIGHT, INPUT_WIDTH)
    write_onnx(model.model.float().eval(), path, Notes(CLASSES, size, description))
