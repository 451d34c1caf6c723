"""Real weights on their way to serving: exported, compared box by box, judged, published."""

import shutil
from collections.abc import Iterator
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
from tests.support.deploying import (
    DATASET,
    NAME,
    TRAINING,
    Apart,
    deployment,
    leave_evaluation,
    publish_present,
)
from tests.support.toolbox import toolbox
from tests.support.trained_model import THREADS, Trained
from tests.support.training_sets import CLASSES, train_python

pytestmark = pytest.mark.slow


@pytest.fixture
def tools(trained: Trained, tmp_path: Path) -> Iterator[Tools]:
    """With a present model that finds nothing."""
    with toolbox(
        tmp_path / "root", train_python=train_python(), gate_floor=0.0, threads=THREADS
    ) as tools:
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
    run_pipeline(DEPLOYMENT, tools, deployment())
    # Converted and verified again it is in tests/chaos/test_killed_deployment.py.
    run_pipeline(DEPLOYMENT[2:], tools, deployment())
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
