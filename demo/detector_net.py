"""The small detector: its shape, its training, and its conversion to ONNX. Needs `train`."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from demo.subjects import CLASSES

INPUT_HEIGHT, INPUT_WIDTH = 288, 512
DEPTH_WIDTH_CHANNELS = [0.5, 0.125, 1024]
OPSET = 17
STRIDE = 32

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


def quiet_environment(folder: Path) -> None:
    """Keep ultralytics offline and silent; call before anything imports it."""
    os.environ.update(
        YOLO_OFFLINE="1",
        YOLO_AUTOINSTALL="0",
        ULTRALYTICS_SKIP_REQUIREMENTS_CHECKS="1",
        YOLO_CONFIG_DIR=str(folder),
    )
    import matplotlib

    fonts = folder / "Ultralytics"
    fonts.mkdir(parents=True, exist_ok=True)
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    shutil.copy(font, fonts / "Arial.ttf")


def train(data: Path, work: Path, *, epochs: int, threads: int, seed: int) -> tuple[Any, Any]:
    """Train from scratch; returns the model and its metrics on the validation frames."""
    import ultralytics
    from ultralytics import YOLO, settings
    from ultralytics.utils import torch_utils

    from demo.half_precision import HalfTrainer

    settings.update({"sync": False})
    torch_utils.NUM_THREADS = threads
    shape = work / "pet_hotel.yaml"
    _write_shape(Path(ultralytics.__file__).parent, shape)
    model = YOLO(str(shape), task="detect")
    where = {"data": str(data), "project": str(work), "name": "fit", "exist_ok": True}
    result = model.train(HalfTrainer, **FIT, **where, epochs=epochs, seed=seed)
    return YOLO(str(work / "fit" / "weights" / "last.pt")), result


def _write_shape(package: Path, path: Path) -> None:
    """The layers of YOLO11 with an eighth of the full width."""
    from ultralytics.utils import YAML

    source = package / "cfg" / "models" / "11" / "yolo11.yaml"
    layers = YAML.load(source)
    layers["nc"] = len(CLASSES)
    layers["scales"] = {"p": DEPTH_WIDTH_CHANNELS}
    YAML.save(path, layers)


def to_onnx(model: Any, path: Path) -> None:
    """Write uint8 NHWC RGB `images` → float (B, 4 + classes, anchors) `output0`; no NMS."""
    import torch

    net = model.model.float().eval().fuse(verbose=False)
    for part in net.modules():
        if hasattr(part, "export"):
            part.export, part.format, part.dynamic = True, "onnx", False
    pixels = torch.zeros(2, INPUT_HEIGHT, INPUT_WIDTH, 3, dtype=torch.uint8)
    with torch.no_grad():
        torch.onnx.export(
            _from_pixels(net),
            (pixels,),
            str(path),
            opset_version=OPSET,
            input_names=["images"],
            output_names=["output0"],
            dynamic_axes={"images": {0: "batch"}, "output0": {0: "batch"}},
            dynamo=False,
        )
    _finish(path)


def _from_pixels(net: Any) -> Any:
    """The net behind its pre-processing, so that a quarter of the bytes travel to it."""
    import torch

    class FromPixels(torch.nn.Module):  # type: ignore[misc]  # torch is Any here
        def __init__(self) -> None:
            super().__init__()
            self.net = net

        def forward(self, images: Any) -> Any:
            scaled = images.permute(0, 3, 1, 2).to(torch.float32) / 255.0
            found = self.net(scaled)
            return found[0] if isinstance(found, (list, tuple)) else found

    return FromPixels()


def _finish(path: Path) -> None:
    """Simplify, check, and write what a reader of the file alone needs to know."""
    import onnx
    import onnxslim

    graph = onnxslim.slim(onnx.load(str(path)))
    notes = {
        "names": str(dict(enumerate(CLASSES))),
        "task": "detect",
        "imgsz": str([INPUT_HEIGHT, INPUT_WIDTH]),
        "stride": str(STRIDE),
        "license": "AGPL-3.0-or-later",
        "author": "Trackloop",
        "description": "People, cats and dogs in the synthetic pet hotel",
    }
    del graph.metadata_props[:]
    for key, value in notes.items():
        graph.metadata_props.add(key=key, value=value)
    onnx.checker.check_model(graph)
    onnx.save(graph, str(path))
