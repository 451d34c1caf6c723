"""Training with bfloat16 layers on processors, where ultralytics offers it on GPUs alone.

The layers run in half the time on processors with bfloat16 instructions. The loss stays in
float32: bfloat16's eight significant bits would move boxes by whole pixels.
"""

from __future__ import annotations

from typing import Any

import torch
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.nn.tasks import DetectionModel


class HalfModel(DetectionModel):  # type: ignore[misc]  # ultralytics ships no types
    """A detector whose layers, not its loss, run in bfloat16 while it is trained."""

    def loss(self, batch: dict[str, Any], preds: Any = None) -> Any:
        """Loss and its parts; see `ultralytics.nn.tasks.BaseModel.loss`."""
        if preds is None:
            with torch.autocast("cpu", torch.bfloat16):
                preds = self.forward(batch["img"])
            preds = _to_float(preds)
        return super().loss(batch, preds)


class HalfTrainer(DetectionTrainer):  # type: ignore[misc]
    """Trains a `HalfModel`."""

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> HalfModel:
        """The model to train; see `ultralytics.engine.trainer.BaseTrainer.get_model`."""
        model = HalfModel(cfg, nc=self.data["nc"], ch=self.data["channels"], verbose=verbose)
        if weights:
            model.load(weights)
        return model


def _to_float(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.float()
    if isinstance(value, dict):
        return {key: _to_float(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_to_float(part) for part in value)
    return value
