"""Our own .pt files, written and read back."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import ultralytics

from shared.training.child.own_weights import checked_bytes, foreign
from shared.training.jobs import Weights

_KEY = "trackloop"


@dataclass(frozen=True, slots=True)
class Trained:
    """A network and what was noted of it.

    Attributes:
        net: float32, in evaluation mode, on the processor.
        notes: what `write_weights` was given.
        size: height and width in pixels.
    """

    net: Any
    notes: dict[str, Any]
    classes: tuple[str, ...]
    size: tuple[int, int]


def read_weights(weights: Weights) -> Trained:
    """Load a .pt of ours.

    Raises:
        PermanentError: `foreign_weights`.
    """
    content = io.BytesIO(checked_bytes(weights))
    saved = torch.load(content, map_location="cpu", weights_only=False)
    notes = saved.get(_KEY) if isinstance(saved, dict) else None
    if notes is None:
        raise foreign(weights.path, "it has no notes of ours")
    net = saved["model"].float().eval()
    return Trained(net, notes, tuple(notes["classes"]), (notes["height"], notes["width"]))


def write_weights(checkpoint: Path, target: Path, notes: dict[str, Any]) -> None:
    """Write a checkpoint's averaged weights, in half precision, with notes of ours.

    Paths, times and the optimiser's state stay behind. ultralytics can read the file, too.

    Args:
        checkpoint: of this very training: it is loaded, and so runs.
        notes: `classes`, `height`, `width` at least.
    """
    net = torch.load(checkpoint, map_location="cpu", weights_only=False)["ema"].half()
    net.args, net.criterion = {}, None
    net.yaml = {key: value for key, value in net.yaml.items() if key != "yaml_file"}
    for part in net.parameters():
        part.requires_grad = False
    saved = {"model": net, "epoch": -1, "train_args": {}, "version": ultralytics.__version__}
    # Not straight to the file: its name would become part of it, and the same weights another file.
    content = io.BytesIO()
    torch.save(saved | {_KEY: notes}, content)
    target.write_bytes(content.getvalue())
