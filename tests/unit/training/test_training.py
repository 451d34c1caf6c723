"""Real trainings of a tiny network: they learn, survive, and give what the export gives."""

import json
import os
import signal
import subprocess
import sys
import zipfile
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest

from shared.domain.model import ModelManifest
from shared.errors import PermanentError, TransientError
from shared.inference.adapters import open_runtime
from shared.inference.add_model import add_model
from shared.inference.add_request import AddRequest
from shared.inference.models import ModelStore
from shared.inference.port import Runtime
from shared.settings import REPOSITORY
from shared.storage.files import sha256_of
from shared.training.child.refuse_network import REFUSED
from shared.training.environment import check_training_environment
from shared.training.jobs import EpochReport, ExportJob, FitJob, FitResult, Weights
from shared.training.settings import FitSettings
from shared.training.torch_runtime import open_weights
from shared.training.trainer import Trainer
from shared.vision.decode import Frame
from shared.vision.letterbox import letterbox
from shared.vision.postprocess import decode_output
from tests.support.training_sets import CLASSES, picture, train_python, write_dataset
from tests.support.waiting import eventually

pytestmark = pytest.mark.slow

EPOCHS = 9
SETTINGS = FitSettings(
    epochs=EPOCHS, image_size=96, batch=8, base="scratch", size="atto", mosaic=0, seed=3,
    learning_rate=0.005,
)  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """A training that nobody disturbed."""

    job: FitJob
    result: FitResult
    reports: list[EpochReport]
    said: str


@pytest.fixture(scope="module")
def python() -> Path:
    return train_python()


@pytest.fixture(scope="module")
def fitted(python: Path, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    folder = tmp_path_factory.mktemp("fitted")
    job = job_in(folder, write_dataset(folder / "dataset", train=64))
    reports: list[EpochReport] = []
    program = FIT.format(python=str(python), folder=str(folder), dataset=str(job.dataset))
    # A process of its own, to see all that comes out of it.
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, check=True, text=True
    )
    *lines, last = ended.stdout.splitlines()
    for line in lines:
        reports.append(EpochReport(**json.loads(line)))
    told = json.loads(last)
    weights = Weights(Path(told["model"]["path"]), told["model"]["sha256"])
    result = FitResult(**told | {"model": weights})
    return Fitted(job, result, reports, ended.stderr)


# The whole of what it prints is one line for each report and one for the result.
FIT = """
import orjson
from pathlib import Path
from tests.unit.training.test_training import job_in
from shared.training.trainer import Trainer
job = job_in(Path({folder!r}), Path({dataset!r}))
result = Trainer(Path({python!r})).fit(job, lambda report: print(orjson.dumps(report).decode(), flush=True))
print(orjson.dumps(result, default=str).decode(), flush=True)
"""  # noqa: E501


def job_in(folder: Path, dataset: Path, settings: FitSettings = SETTINGS) -> FitJob:
    return FitJob(dataset, folder / "work", folder / "out", settings, threads=1)


def ended_epochs(reports: list[EpochReport]) -> list[EpochReport]:
    return [report for report in reports if report.ended]


def test_the_environment_says_what_it_is(python: Path) -> None:
    assert {"torch", "ultralytics", "device"} <= check_training_environment(python).keys()


def test_it_learns_and_says_how_far_it_is(fitted: Fitted) -> None:
    ended = ended_epochs(fitted.reports)
    assert [report.epoch for report in ended] == list(range(1, EPOCHS + 1))
    losses = [report.losses["box_loss"] + report.losses["cls_loss"] for report in ended]
    assert losses[-1] < 0.7 * losses[0]
    assert fitted.result.metrics["mAP50"] > 0.1
    assert {report.phase for report in fitted.reports} >= {"starting", "training", "finishing"}
    within = [report for report in fitted.reports if report.phase == "training" and report.batch]
    assert {report.batches for report in within} == {7}
    assert fitted.result.resumed_after == 0
    assert (fitted.result.classes, fitted.result.size) == (list(CLASSES), [96, 96])


def test_it_leaves_weights_and_every_epoch(fitted: Fitted) -> None:
    result = fitted.result
    assert sha256_of(result.model.path) == result.model.sha256
    document = json.loads(Path(result.metrics_file).read_text())
    assert [epoch["epoch"] for epoch in document["epochs"]] == list(range(1, EPOCHS + 1))
    assert document["model_sha256"] == result.model.sha256
    assert document["best_epoch"] == result.best_epoch
    assert document["metrics"] == result.metrics
    assert document["settings"] == SETTINGS.model_dump()
    assert document["pictures"] == {"train": 56, "validation": 8}
    # Whose machine it was is nobody's business: weights travel.
    with zipfile.ZipFile(result.model.path) as parts:
        written = b"".join(parts.read(name) for name in parts.namelist())
    assert str(fitted.job.work).encode() not in written
    assert b"blue" in written


def test_it_is_silent_and_alone(fitted: Fitted) -> None:
    """Its standard output was parsed line by line already; the log has ultralytics' words."""
    assert fitted.said == ""
    log = (fitted.job.work / "training.log").read_text()
    assert "ultralytics" in log.lower()
    assert REFUSED not in log
    touched = [file for file in fitted.job.dataset.rglob("*") if file.suffix in {".cache", ".npy"}]
    assert not touched


def test_it_survives_whoever_dies(python: Path, fitted: Fitted, tmp_path: Path) -> None:
    """Cancelled after epoch 1, the child killed after 2, the parent after 3; then to the end."""
    job = job_in(tmp_path, fitted.job.dataset)
    trainer = Trainer(python)
    reports: list[EpochReport] = []

    def cancel(report: EpochReport) -> None:
        reports.append(report)
        if report.ended and report.epoch == 1:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        trainer.fit(job, cancel)
    assert children_of(os.getpid()) == []

    def kill_child(report: EpochReport) -> None:
        reports.append(report)
        if report.ended and report.epoch == 2:
            os.kill(children_of(os.getpid())[0].pid, signal.SIGKILL)

    with pytest.raises(TransientError) as died:
        trainer.fit(job, kill_child)
    assert died.value.code == "training_died"
    kill_parent(python, job)
    result = trainer.fit(job, reports.append)
    assert result.resumed_after == 3
    assert result.epochs == EPOCHS
    document = json.loads(result.metrics_file.read_text())
    assert [epoch["epoch"] for epoch in document["epochs"]] == list(range(1, EPOCHS + 1))
    # The same seed starts the same, whoever was disturbed later.
    first, undisturbed = ended_epochs(reports)[0], ended_epochs(fitted.reports)[0]
    assert first.losses == undisturbed.losses


def kill_parent(python: Path, job: FitJob) -> None:
    """Run the job in a process that is killed after epoch 3, and see its child go too."""
    program = FIT.format(
        python=str(python), folder=str(job.work.parent), dataset=str(job.dataset)
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        for line in parent.stdout:
            report = json.loads(line)
            if report["ended"] and report["epoch"] == 3:
                break
        children = children_of(parent.pid)
        parent.kill()
    assert children
    eventually(lambda: not any(map(working, children)))


def working(child: psutil.Process) -> bool:
    try:
        return bool(child.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def children_of(pid: int) -> list[psutil.Process]:
    """Training processes, not yet reaped ones left out."""
    return [
        child
        for child in psutil.Process(pid).children(recursive=True)
        if child.status() != psutil.STATUS_ZOMBIE and "shared.training.child" in child.cmdline()
    ]


def test_what_is_done_is_not_done_again(python: Path, fitted: Fitted) -> None:
    reports: list[EpochReport] = []
    again = Trainer(python).fit(fitted.job, reports.append)
    assert ended_epochs(reports) == []
    assert again.model.sha256 == fitted.result.model.sha256
    assert (again.epochs, again.best_epoch, again.metrics) == (
        EPOCHS, fitted.result.best_epoch, fitted.result.metrics,
    )  # fmt: skip
    other = replace(fitted.job, settings=SETTINGS.model_copy(update={"seed": 4}))
    with pytest.raises(PermanentError) as refused:
        Trainer(python).fit(other, reports.append)
    assert refused.value.code == "checkpoint_of_another_job"


def test_it_goes_on_from_weights(python: Path, fitted: Fitted, tmp_path: Path) -> None:
    settings = FitSettings(epochs=1, image_size=96, batch=8, mosaic=0, rectangular=True)
    weights = fitted.result.model
    job = replace(job_in(tmp_path, fitted.job.dataset, settings), weights=weights)
    reports: list[EpochReport] = []
    Trainer(python).fit(job, reports.append)
    first = ended_epochs(fitted.reports)[0].losses
    assert ended_epochs(reports)[0].losses["cls_loss"] < first["cls_loss"]


def test_a_loss_that_is_no_number_ends_it(python: Path, fitted: Fitted, tmp_path: Path) -> None:
    poisoned = tmp_path / "poisoned.pt"
    program = (
        "import sys, torch\n"
        "saved = torch.load(sys.argv[1], weights_only=False)\n"
        "next(saved['model'].parameters()).fill_(float('nan'))\n"
        "torch.save(saved, sys.argv[2])\n"
    )
    subprocess.run(
        [python, "-c", program, fitted.result.model.path, poisoned], check=True, cwd=tmp_path,
        env={**os.environ, "YOLO_CONFIG_DIR": str(tmp_path)},
    )  # fmt: skip
    settings = FitSettings(epochs=1, image_size=96, batch=8, mosaic=0)
    job = replace(
        job_in(tmp_path, fitted.job.dataset, settings),
        weights=Weights(poisoned, sha256_of(poisoned)),
    )
    with pytest.raises(PermanentError) as failed:
        Trainer(python).fit(job, lambda _: None)
    assert failed.value.code == "nan_loss"
    assert not (tmp_path / "out").exists()


def test_the_export_is_a_model_that_finds_what_the_weights_find(
    python: Path, fitted: Fitted, tmp_path: Path
) -> None:
    weights = fitted.result.model
    exported = Trainer(python).export(ExportJob(weights, tmp_path / "model.onnx"))
    assert exported.sha256 == sha256_of(exported.path)
    store = ModelStore(tmp_path / "bundled", tmp_path / "own")
    model = add_model(store, exported.path, AddRequest(name="mine"), max_bytes=2**25)
    spec = model.manifest.input
    assert model.manifest.classes == exported.classes == CLASSES
    assert (spec.dtype, spec.layout, spec.height, spec.width) == ("uint8", "NHWC", 96, 96)
    assert spec.max_batch > 1
    assert model.manifest.decoding == "raw"
    images = np.stack([letterboxed(seed) for seed in range(4)])
    with open_weights(python, weights, 1) as ours, open_runtime("onnx://", model, 1) as theirs:
        assert ours.manifest.input == replace(spec, max_batch=ours.manifest.input.max_batch)
        by_torch, by_onnx = outputs(ours, images), outputs(theirs, images)
        assert ours.infer(images[:1]).result().shape == by_torch[:1].shape
        with pytest.raises(PermanentError) as refused:
            ours.infer(images[:, :64]).result()
        assert refused.value.code == "inference_failed"
    assert by_torch.dtype == np.float32
    np.testing.assert_allclose(by_torch, by_onnx, rtol=1e-3, atol=1e-2)
    for one, other in zip(by_torch, by_onnx, strict=True):
        same_boxes(one, other, model.manifest)
    assert children_of(os.getpid()) == []


def outputs(runtime: Runtime, images: np.ndarray) -> np.ndarray:
    return runtime.infer(images).result()


def same_boxes(one: np.ndarray, other: np.ndarray, manifest: ModelManifest) -> None:
    """Scores lie close together in a network that has hardly learnt: cut where they do not."""
    best = -np.sort(-one[4:].max(axis=0))[:40]
    place = int(np.argmax(best[9:-1] - best[10:])) + 9
    limit = float(best[place] + best[place + 1]) / 2
    found, wanted = (
        decode_output(output, manifest, size=(96, 96), iou=0.7, min_score=limit)
        for output in (one, other)
    )
    assert len(found) == len(wanted) > 0
    # Boxes of equal scores may have changed places.
    distance = np.abs(found.xyxy[:, None] - wanted.xyxy[None]).max(axis=2)
    partner = distance.argmin(axis=1)
    assert sorted(partner) == list(range(len(wanted)))
    assert distance.min(axis=1).max() < 0.1
    np.testing.assert_allclose(found.score, wanted.score[partner], atol=1e-3)
    np.testing.assert_array_equal(found.class_id, wanted.class_id[partner])


def letterboxed(seed: int) -> np.ndarray:
    """Through our own code: what the network is given in production."""
    pixels, _ = picture(seed, side=128)
    planes = cv2.cvtColor(pixels, cv2.COLOR_RGB2YUV_I420)
    u, v = planes[128:].reshape(2, 64, 64)
    canvas = np.empty((96, 96, 3), np.uint8)
    letterbox(128, 128, (96, 96)).fill(Frame(0, 0.0, planes[:128], u, v), canvas)
    return canvas
