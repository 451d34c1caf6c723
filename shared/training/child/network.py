"""Shapes of networks, and a network behind its pre-processing."""

from pathlib import Path
from typing import Any

import torch
import ultralytics
from ultralytics.utils import YAML

SCALES = {
    "atto": [0.50, 0.125, 1024],
    "n": [0.50, 0.25, 1024],
    "s": [0.50, 0.50, 1024],
    "m": [0.50, 1.00, 512],
}
"""Depth, width and most channels of YOLO11 (arXiv 2410.17725); `atto` is half of its least width,
learns from scratch on a processor within minutes, and takes 1 to 3 MB."""

OPSET = 17
STRIDE = 32


def write_shape(path: Path, size: str, classes: int) -> None:
    """Write the layers of a YOLO11 of this size, for ultralytics to build."""
    package = Path(ultralytics.__file__).parent
    layers = YAML.load(package / "cfg" / "models" / "11" / "yolo11.yaml")
    layers["nc"] = classes
    # ultralytics takes the first scale, and builds other blocks for those named m, l and x.
    layers["scales"] = {size[0]: SCALES[size]}
    YAML.save(path, layers)


def from_pixels(net: Any) -> Any:
    """The network behind its pre-processing: a quarter of the bytes travel to it.

    Args:
        net: float32, in evaluation mode; it is fused in place.

    Returns:
        A module: uint8 (B, H, W, 3) RGB → float32 (B, 4 + C, A), boxes by centre in pixels of the
        input, scores 0 to 1, not suppressed.
    """
    net = net.fuse(verbose=False)
    for part in net.modules():
        if hasattr(part, "export"):
            part.export, part.format, part.dynamic = True, "onnx", False
    return _FromPixels(net).eval()


class _FromPixels(torch.nn.Module):  # type: ignore[misc]  # torch is Any here
    def __init__(self, net: Any) -> None:
        super().__init__()
        self.net = net

    def forward(self, images: Any) -> Any:
        scaled = images.permute(0, 3, 1, 2).to(torch.float32) / 255.0
        found = self.net(scaled)
        return found[0] if isinstance(found, (list, tuple)) else found
