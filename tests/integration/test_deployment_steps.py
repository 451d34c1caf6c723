"""Real weights on their way to serving: exported, compared box by box, judged, published."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from model_deployer.pipeline import DEPLOYMENT
from shared.domain.detection import Detections
from shared.domain.label import Labels
from shared.errors import ModelError, PermanentError
from shared.evaluation.matching import Measured
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation
from shared.events.model import ModelConversionCompleted, ModelDeployed, ModelJudged
from shared.pipeline.runner import run_pipeline
from shared.pipeline.tools import Tools
from shared.storage.files import sha256_of
from shared.training.jobs import FitJob, Weights
from shared.training.settings import FitSettings
from shared.training.torch_runtime import open_weights
from shared.training.trainer import Trainer
from tests.support.deploying import (
    DATASET,
    NAME,
    TRAINING,
    Apart,
    deployment,
    held_out_labels,
    leave_evaluation,
    publish_present,
)
from tests.support.toolbox import toolbox
from tests.support.training_sets import CLASSES, train_python, write_dataset

pytestmark = pytest.mark.slow

SETTINGS = FitSettings(
    epochs=16, image_size=96, batch=8, base="scratch", size="atto", mosaic=0, seed=3,
    learning_rate=0.01,
)  # fmt: skip


@dataclass(frozen=True)
class Trained:
    """What a training and its dataset left, and what the weights find."""

    dataset: Path
    weights: Weights
    labels: Labels
    found: Measured


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    folder, python = tmp_path_factory.mktemp("trained"), train_python()
    dataset = write_dataset(folder / "dataset", train=64, test=40)
    job = FitJob(dataset, folder / "work", folder / "out", SETTINGS, threads=2)
    weights = Trainer(python).fit(job, lambda _: None).model
    labels = held_out_labels(dataset)
    with open_weights(python, weights, 2) as runtime:
        found = measure(runtime, runtime.manifest, labels, dataset / "data" / "images")
    return Trained(dataset, weights, labels, replace(found, label="the trained model"))


@pytest.fixture
def tools(trained: Trained, tmp_path: Path) -> Iterator[Tools]:
    """With a present model that finds nothing."""
    with toolbox(tmp_path / "root", train_python=train_python(), gate_floor=0.0) as tools:
        log = tools.paths.train_log
        shutil.copytree(trained.dataset, log(DATASET))
        log(TRAINING).mkdir()
        shutil.copyfile(trained.weights.path, log(TRAINING) / "model.pt")
        publish_present(tools, CLASSES)
        _leave(tools, trained, [Detections.empty()] * len(trained.labels.pictures))
        yield tools


def _leave(tools: Tools, trained: Trained, present: list[Detections]) -> None:
    old = Measured(f"{NAME}@1", CLASSES, present)
    leave_evaluation(
        tools.paths, Evaluation(trained.labels, trained.found, old, trained.weights.sha256)
    )


def _perfect(labels: Labels) -> list[Detections]:
    """As a model would find that is never wrong."""
    return [
        Detections(
            np.array([box.xyxy for box in each.boxes], np.float32).reshape(-1, 4),
            np.full(len(each.boxes), 0.9, np.float32),
            np.array([box.class_id for box in each.boxes], np.int32),
        )
        for each in labels.pictures
    ]


def test_a_better_model_goes_live_whole(trained: Trained, tools: Tools, tmp_path: Path) -> None:
    apart = Apart(tools, deployment(), tmp_path / "apart")
    apart.run()
    model = tools.models.get(NAME)
    assert tools.models.versions(NAME) == (1, 2)
    assert model.manifest.label == f"{NAME}@2"
    assert model.manifest.classes == CLASSES
    assert model.manifest.metrics["mAP50_95"] > 0
    assert model.weights is not None
    assert sha256_of(model.weights) == trained.weights.sha256 == model.manifest.weights_sha256
    converted, judged, deployed = apart.told
    assert isinstance(converted, ModelConversionCompleted)
    assert converted.sha256 == model.manifest.sha256
    assert converted.compared > 0
    assert converted.difference <= 1e-3
    assert isinstance(judged, ModelJudged)
    assert judged.accepted
    assert isinstance(deployed, ModelDeployed)
    assert (deployed.model, deployed.replaced) == (f"{NAME}@2", f"{NAME}@1")
    folder = trained.dataset / "data" / "images"
    serving = measure(tools.open_runtime(model), model.manifest, trained.labels, folder)
    for now, before in zip(serving.found, trained.found.found, strict=True):
        sure = int((before.score >= 0.05).sum())
        np.testing.assert_allclose(now.score[:sure], before.score[:sure], atol=1e-3)


def test_the_plain_loop_runs_it_and_again_publishes_nothing_more(tools: Tools) -> None:
    for _ in range(2):
        run_pipeline(DEPLOYMENT, tools, deployment())
    assert tools.models.versions(NAME) == (1, 2)


def test_a_worse_model_is_rejected_and_the_present_one_serves(
    trained: Trained, tools: Tools
) -> None:
    _leave(tools, trained, _perfect(trained.labels))
    with pytest.raises(PermanentError, match=f"{NAME}@1 1.000") as rejected:
        run_pipeline(DEPLOYMENT, tools, deployment())
    assert rejected.value.code == "model_rejected"
    assert tools.models.get(NAME).manifest.label == f"{NAME}@1"


def test_a_file_that_finds_other_boxes_than_its_weights_goes_no_further(
    tools: Tools, tmp_path: Path
) -> None:
    apart = Apart(tools, deployment(), tmp_path / "apart")
    apart.run("convert")
    _tamper(tools.paths.train_log("deployment-task") / "model.onnx")
    with pytest.raises(ModelError, match="scores differ by up to 0") as refused:
        apart.run("verify", "compare", "gate", "stage", "smoke", "activate")
    assert refused.value.code == "conversion_differs"
    assert apart.told == []
    assert tools.models.get(NAME).manifest.label == f"{NAME}@1"


def _tamper(file: Path) -> None:
    """Every weight of one layer a tenth larger."""
    model = onnx.load_model(file)
    kernels = [each for each in model.graph.initializer if len(each.dims) == 4]
    changed = kernels[len(kernels) // 2]
    values = numpy_helper.to_array(changed) * np.float32(1.1)
    changed.CopyFrom(numpy_helper.from_array(values, changed.name))
    onnx.save_model(model, file)


def test_weights_that_are_not_those_that_were_measured_are_not_even_loaded(tools: Tools) -> None:
    with (tools.paths.train_log(TRAINING) / "model.pt").open("ab") as file:
        file.write(b"more")
    with pytest.raises(PermanentError) as refused:
        run_pipeline(DEPLOYMENT, tools, deployment())
    assert refused.value.code == "foreign_weights"
    assert tools.models.get(NAME).manifest.label == f"{NAME}@1"
