"""A training, from its dataset to model.pt and metrics.json."""

import hashlib
import shutil
import time
from pathlib import Path
from typing import Any

import orjson

from shared.storage.documents import write_document
from shared.storage.files import publishing, sha256_of, write_bytes
from shared.training.child.arguments import arguments
from shared.training.child.checkpoint import Checkpoint, CheckpointFolder, as_json
from shared.training.child.held_folder import held
from shared.training.child.own_weights import checked_bytes
from shared.training.child.telling import Telling
from shared.training.dataset import Layout, fingerprint, lay_out
from shared.training.jobs import EpochReport, FitJob, FitResult, Weights

_PRIMARY = ("precision", "recall", "mAP50", "mAP50_95")


def fit(job: FitJob, telling: Telling) -> FitResult:
    """Train until the last epoch, or until patience is at an end; see `Trainer.fit`."""
    telling.report(EpochReport(0, job.settings.epochs, "starting"))
    with held(job.work):
        return _fit(job, telling)


def _fit(job: FitJob, telling: Telling) -> FitResult:
    settings = job.settings
    layout = lay_out(
        job.dataset, job.work / "set", image_size=settings.image_size,
        rectangular=settings.rectangular, validation_share=settings.validation_share,
    )  # fmt: skip
    folder = CheckpointFolder(job.work / "checkpoint", _fingerprint(job))
    before = folder.read()
    after = before if before is not None and before.ended else None
    if after is None:
        after = _train(job, layout, folder, before, telling)
    telling.report(EpochReport(len(after.epochs), settings.epochs, "finishing"))
    result = _publish(job, layout, folder, after, before)
    for part in ("set", "run"):
        shutil.rmtree(job.work / part, ignore_errors=True)
    return result


def _fingerprint(job: FitJob) -> str:
    """Of everything that the weights depend on; threads are not among it."""
    parts = {
        "settings": job.settings.model_dump(),
        "weights": job.weights.sha256 if job.weights and job.settings.base == "current" else None,
        "dataset": fingerprint(job.dataset),
    }
    return hashlib.sha256(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _train(
    job: FitJob, layout: Layout, folder: CheckpointFolder, before: Checkpoint | None,
    telling: Telling,
) -> Checkpoint:  # fmt: skip
    from ultralytics import settings as ultralytics_settings
    from ultralytics.utils import torch_utils

    from shared.training.child.versions import device
    from shared.training.child.watched_trainer import QuickEndingTrainer, Watch

    ultralytics_settings.update({"sync": False})
    torch_utils.NUM_THREADS = job.threads
    run = job.work / "run"
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir()
    asked = arguments(job, layout.description, run, device())
    if before is not None:
        asked |= {"resume": str(folder.path(before.last))}
    else:
        asked |= _start(job, layout, run)
    trainer: Any = QuickEndingTrainer(overrides=asked)
    pictures = (layout.train, layout.validation)
    watch = Watch(trainer, folder, before, telling, pictures, job.settings.batch)
    trainer.train()
    assert watch.checkpoint is not None  # noqa: S101  # every epoch commits one
    return watch.checkpoint


def _start(job: FitJob, layout: Layout, run: Path) -> dict[str, Any]:
    """What a training without a checkpoint begins with.

    Raises:
        PermanentError: `foreign_weights`.
    """
    from shared.training.child.network import write_shape

    if job.settings.base == "current" and job.weights is not None:
        # A copy: what is loaded is what was hashed, whoever may write to the original.
        base = run / "base.pt"
        write_bytes(base, checked_bytes(job.weights))
        return {"model": str(base)}
    shape = run / "network.yaml"
    write_shape(shape, job.settings.size, len(layout.classes))
    return {"model": str(shape), "pretrained": False}


def _publish(
    job: FitJob, layout: Layout, folder: CheckpointFolder, after: Checkpoint,
    before: Checkpoint | None,
) -> FitResult:  # fmt: skip
    from shared.training.child.versions import versions
    from shared.training.child.weights import write_weights

    model, metrics_file = job.target / "model.pt", job.target / "metrics.json"
    best = after.epochs[after.best_epoch - 1]
    metrics = {name: best.metrics[name] for name in _PRIMARY}
    height, width = layout.size
    facts = {
        "classes": list(layout.classes), "height": height, "width": width,
        "best_epoch": after.best_epoch, "metrics": metrics,
        "pictures": {"train": layout.train, "validation": layout.validation},
        "settings": job.settings.model_dump(), "versions": versions(),
    }  # fmt: skip
    with publishing(model) as partial:
        write_weights(folder.path(after.best), partial, facts)
    sha256 = sha256_of(model)
    stopped_early = len(after.epochs) < job.settings.epochs
    document = {
        **facts, "model_sha256": sha256, "stopped_early": stopped_early,
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "epochs": [as_json(epoch) for epoch in after.epochs],
    }  # fmt: skip
    write_document(metrics_file, document)
    return FitResult(
        Weights(model, sha256), metrics_file, len(after.epochs), after.best_epoch, metrics,
        stopped_early, len(before.epochs) if before else 0, layout.classes, layout.size,
    )  # fmt: skip
