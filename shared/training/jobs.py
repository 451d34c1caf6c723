"""What the child is asked to do and what it answers; JSON on the way."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from shared.training.settings import FitSettings

Phase = Literal["starting", "training", "validating", "finishing"]


@dataclass(frozen=True, slots=True)
class Weights:
    """A .pt that this Trackloop wrote. It is code: nobody loads it unless its hash is this one."""

    path: Path
    sha256: str


@dataclass(frozen=True, slots=True)
class FitJob:
    """A training.

    Attributes:
        dataset: `data/images`, `data/labels`, `data.yaml`, `train_test_split.txt`; only read.
        work: outlives the process: checkpoint, log, what the trainer keeps; this job's alone.
        target: folder that gets `model.pt` and `metrics.json`.
        threads: processor threads.
        weights: where `settings.base` is `current`.
    """

    dataset: Path
    work: Path
    target: Path
    settings: FitSettings
    threads: int
    weights: Weights | None = None
    kind: Literal["fit"] = "fit"


@dataclass(frozen=True, slots=True)
class ForwardJob:
    """Weights to be run over pictures until the parent has no more."""

    weights: Weights
    threads: int
    kind: Literal["forward"] = "forward"


@dataclass(frozen=True, slots=True)
class ExportJob:
    """Weights to be written as ONNX.

    Attributes:
        target: the file.
        size: height and width of the input in pixels; None takes what it was trained for.
    """

    weights: Weights
    target: Path
    size: tuple[int, int] | None = None
    kind: Literal["export"] = "export"


Job = FitJob | ForwardJob | ExportJob


@dataclass(frozen=True, slots=True)
class Reached:
    """What a training has behind it.

    Attributes:
        epoch: the last that ended, from 1, with its `losses` and `metrics`.
        best_epoch: from 1, with its `best_metrics`.
    """

    epoch: int
    losses: dict[str, float]
    metrics: dict[str, float]
    best_epoch: int
    best_metrics: dict[str, float]


@dataclass(frozen=True, slots=True)
class EpochReport:
    """How far a training is.

    Attributes:
        epoch: that runs, or with `ended` the one that has just ended; from 1, 0 before the first.
        batch, batches: steps of this epoch, done and in all.
        ended: said once for each epoch; `losses` and `metrics` are its own then.
        losses: of the training pictures, by part, mean over the epoch.
        metrics: of the validation pictures: precision, recall, mAP50, mAP50_95.
        reached: told when an epoch has ended, and when a training goes on.
    """

    epoch: int
    epochs: int
    phase: Phase
    batch: int = 0
    batches: int = 0
    ended: bool = False
    losses: dict[str, float] = field(default_factory=dict)
    metrics: dict[str, float] = field(default_factory=dict)
    reached: Reached | None = None


@dataclass(frozen=True, slots=True)
class FitResult:
    """A training that ended by itself.

    Attributes:
        model: model.pt, weights of the best epoch.
        metrics_file: metrics.json: every epoch, settings, versions, device.
        epochs: how many ran, over all processes.
        best_epoch: from 1.
        metrics: of the best epoch.
        stopped_early: no epoch was better for as long as `patience` says.
        resumed_after: epoch of the checkpoint that this process began with; 0 for none.
        classes: names, by class id.
        size: height and width in pixels that the network was trained for.
    """

    model: Weights
    metrics_file: Path
    epochs: int
    best_epoch: int
    metrics: dict[str, float]
    stopped_early: bool
    resumed_after: int
    classes: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class ExportResult:
    """An ONNX file: uint8 NHWC RGB `images` of any batch → raw float32 (B, 4 + C, A) `output0`."""

    path: Path
    sha256: str
    classes: tuple[str, ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class WeightsFacts:
    """What weights say of themselves, and what runs them.

    Attributes:
        size: height and width of the input in pixels.
        provenance: as a runtime's.
    """

    classes: tuple[str, ...]
    size: tuple[int, int]
    provenance: dict[str, str]
