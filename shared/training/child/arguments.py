"""Our settings in ultralytics' words."""

from pathlib import Path
from typing import Any

from shared.training.jobs import FitJob
from shared.training.settings import FitSettings

_SCRATCH_RATE, _CURRENT_RATE = 0.002, 0.0005
_MOST_READERS = 8
_FREE_OF_MOSAIC = 3
"""The last third of the epochs sees pictures as they are, ten epochs at most."""


def arguments(job: FitJob, data: Path, run: Path, device: str) -> dict[str, Any]:
    """What ultralytics' trainer is given; the rest stays as it sets it.

    A nominal batch (nbs) of the real size: its 64 would leave out three of four steps of a short
    training. Mixed precision stays off: its check would fetch a model.
    """
    settings = job.settings
    return {
        "task": "detect",
        "mode": "train",
        "data": str(data),
        "save_dir": str(run),
        "exist_ok": True,
        "epochs": settings.epochs,
        "patience": settings.patience,
        "imgsz": settings.image_size,
        "rect": settings.rectangular,
        "batch": settings.batch,
        "nbs": settings.batch,
        "seed": settings.seed,
        "deterministic": True,
        "device": "0" if device == "cuda" else "cpu",
        "workers": min(job.threads, _MOST_READERS) if device == "cuda" else 0,
        "cache": "ram",
        "amp": False,
        "optimizer": "AdamW",
        "lr0": _rate(settings),
        "lrf": 0.02,
        "cos_lr": True,
        "warmup_epochs": 1.0,
        # Biases that are right already are not to be shaken.
        "warmup_bias_lr": 0.0 if settings.base == "current" else 0.1,
        "mosaic": settings.mosaic,
        "close_mosaic": min(10, settings.epochs // _FREE_OF_MOSAIC),
        "val": True,
        "plots": False,
        "verbose": False,
    }


def _rate(settings: FitSettings) -> float:
    if settings.learning_rate is not None:
        return settings.learning_rate
    return _SCRATCH_RATE if settings.base == "scratch" else _CURRENT_RATE
