"""What our training costs over bare ultralytics: the same settings, pictures and start.

Ours is all that a training step waits for: a process of its own, labels checked and laid out,
reports, a checkpoint committed after each epoch, model.pt and metrics.json. The bare side is
ultralytics' trainer in the measured process, its import included, on a set that was laid out
before; neither side validates once more at the end.
"""

import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from benchmarks.case import Case
from benchmarks.child import Facts, Run, Work, cores, measure
from benchmarks.figures import Bench, Figure, Pairing, Side, Target, take
from benchmarks.materials import looped_demo
from demo.subjects import CLASSES
from demo.training_set import write_training_set
from shared.labels.split_file import SPLIT_FILE, write_split
from shared.training.dataset import lay_out
from shared.training.jobs import EpochReport, FitJob
from shared.training.quiet import quiet_environment
from shared.training.settings import FitSettings
from shared.training.trainer import Trainer

NAME = "train_overhead"
_MOST = Target("≤", 1.03)
_ROOMS, _TESTED_ROOMS = range(3000, 3003), range(3900, 3901)
_SETTINGS = FitSettings(
    epochs=5, image_size=512, base="scratch", size="atto", rectangular=True, mosaic=0.0, patience=0
)


def figures(bench: Bench) -> Iterator[Figure]:
    """One ratio of seconds."""
    dataset = _dataset(bench.work / "training-set")
    case = looped_demo(bench.work, minutes=1 / 60)  # every run has one; nothing of it is used
    run = partial(measure, case=case, dataset=str(dataset))
    yield take(
        bench,
        Pairing(
            NAME, f"{_SETTINGS.epochs} epochs",
            Side("ultralytics", partial(run, "benchmarks.train_overhead:bare")),
            Side("trackloop", partial(run, "benchmarks.train_overhead:ours")),
            lambda run: run.seconds, _described, _MOST,
        ),
    )  # fmt: skip


def _described(runs: Sequence[Run]) -> str:
    pictures = runs[0].facts["frames"]
    seconds = median(run.seconds for run in runs)
    return f"{seconds:.1f} s ({pictures:g} pictures learnt from)"


def _dataset(folder: Path) -> Path:
    """Rooms of the scene as `prepare_dataset` leaves them, made once."""
    if (folder / SPLIT_FILE).exists():
        return folder
    rendered = folder / "rendered"
    shutil.rmtree(folder, ignore_errors=True)
    write_training_set(rendered, train=_ROOMS, val=_TESTED_ROOMS)
    names = {}
    for split in ("train", "val"):
        names[split] = sorted(file.name for file in (rendered / "images" / split).iterdir())
        for part in ("images", "labels"):
            shutil.copytree(rendered / part / split, folder / "data" / part, dirs_exist_ok=True)
    shutil.rmtree(rendered)
    (folder / "data.yaml").write_text(yaml.safe_dump({"names": dict(enumerate(CLASSES))}))
    write_split(folder / SPLIT_FILE, names["train"], names["val"])
    return folder


def _job(dataset: str, folder: Path) -> FitJob:
    return FitJob(Path(dataset), folder / "work", folder / "out", _SETTINGS, cores())


@contextmanager
def ours(case: Case, dataset: str) -> Iterator[Work]:
    """Inside the child: as a training step would."""
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        job = _job(dataset, Path(folder))
        pictures = 0

        def heard(report: EpochReport) -> None:
            nonlocal pictures
            if report.ended:
                pictures += report.batches * _SETTINGS.batch

        def facts() -> Facts:
            return {"frames": pictures}

        yield Work(lambda: _discard(Trainer(Path(sys.executable)).fit(job, heard)), facts)


@contextmanager
def bare(case: Case, dataset: str) -> Iterator[Work]:
    """Inside the child: nothing but ultralytics."""
    with TemporaryDirectory(prefix="trackloop-bench-") as folder:
        job, place = _job(dataset, Path(folder)), Path(folder)
        quiet_environment(place / "config")
        layout = lay_out(
            job.dataset, place / "set", image_size=_SETTINGS.image_size,
            rectangular=True, validation_share=_SETTINGS.validation_share,
        )  # fmt: skip
        trained: list[Any] = []

        def facts() -> Facts:
            return {"frames": len(trained[0].train_loader) * _SETTINGS.batch * _SETTINGS.epochs}

        yield Work(lambda: trained.append(_train(job, layout.description, place)), facts)


def _train(job: FitJob, description: Path, place: Path) -> Any:
    from ultralytics import settings
    from ultralytics.utils import torch_utils

    from shared.training.child.arguments import arguments
    from shared.training.child.network import write_shape
    from shared.training.child.watched_trainer import QuickEndingTrainer

    settings.update({"sync": False})
    torch_utils.NUM_THREADS = job.threads
    shape = place / "network.yaml"
    write_shape(shape, _SETTINGS.size, len(CLASSES))
    asked = arguments(job, description, place / "run", "cpu")
    trainer = QuickEndingTrainer(overrides=asked | {"model": str(shape), "pretrained": False})
    trainer.train()
    return trainer


def _discard(_: object) -> None:
    """A run has no value; what came out lies in its folder."""
