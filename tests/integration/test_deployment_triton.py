"""A deployment where Triton serves: staged there, tried there, and live only if that went well."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from shared.domain.detection import Detections
from shared.errors import ModelError, TransientError
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation
from shared.inference.adapters import open_runtime
from shared.inference.models import Model
from shared.inference.publish_model import publish_model
from shared.pipeline.tools import Tools
from shared.storage.files import sha256_of
from tests.support.deploying import (
    DATASET,
    NAME,
    TRAINING,
    Apart,
    deployment,
    leave_evaluation,
    noise_pictures,
)
from tests.support.tiny_models import TinyModel, ultralytics_metadata
from tests.support.toolbox import toolbox
from tests.support.triton_server import TritonServer

pytestmark = pytest.mark.slow

OLD = TinyModel(dtype="uint8", layout="NHWC", metadata=ultralytics_metadata())
NEW = replace(OLD, dynamic_batch=True)
IMAGES = np.random.default_rng(3).integers(0, 256, (1, 64, 96, 3), np.uint8)


@dataclass
class OnTriton:
    """A deployment before `stage`, and a task that uses the model it is to replace."""

    tools: Tools
    apart: Apart
    evaluation: Evaluation
    triton: TritonServer

    def label(self) -> str:
        return self.tools.models.get(NAME).manifest.label

    def assert_old_serves(self) -> None:
        assert self.label() == f"{NAME}@1"
        old = self.tools.models.get(f"{NAME}@1")
        with open_runtime(self.tools.settings.inference_url, old, 1) as runtime:
            assert runtime.infer(IMAGES).result().shape[0] == 1


def _publish_old(tools: Tools, folder: Path) -> Model:
    folder.mkdir()
    model = OLD.in_folder(folder)
    return publish_model(tools.models, model.read(), replace(model.manifest, name=NAME))


@pytest.fixture
def on_triton(triton: TritonServer, tmp_path: Path) -> Iterator[OnTriton]:
    url = triton.with_options(patience=0.3)
    with toolbox(tmp_path / "root", inference_url=url, gate_margin=0) as tools:
        log = tools.paths.train_log
        old = _publish_old(tools, tmp_path / "old")
        labels = noise_pictures(log(DATASET) / "data" / "images", 4)
        file = log("deployment-task") / "model.onnx"
        file.parent.mkdir(parents=True)
        # Other bytes in each test, so that each loads a model of its own.
        named = replace(NEW, metadata=ultralytics_metadata(description=tmp_path.name))
        named.save(file)
        log(TRAINING).mkdir()
        (log(TRAINING) / "model.pt").write_bytes(b"weights")
        model = Model(NEW.manifest(sha256_of(file)), file)
        with open_runtime("onnx://", model, 1) as runtime:
            new = measure(runtime, model.manifest, labels, log(DATASET) / "data" / "images")
        none = replace(new, label=old.manifest.label, found=[Detections.empty()] * 4)
        weights = sha256_of(log(TRAINING) / "model.pt")
        evaluation = Evaluation(labels, replace(new, label="trained"), none, weights, iou=0.7)
        leave_evaluation(tools.paths, evaluation)
        apart = Apart(tools, deployment(forced_by="ada"), tmp_path / "apart")
        apart.run("compare")
        yield OnTriton(tools, apart, evaluation, triton)


def _folder_of(triton: TritonServer, sha256: str) -> Path:
    (found,) = (
        each.parent
        for each in triton.repository.glob("*/config.pbtxt")
        if sha256 in each.read_text()
    )
    return found


def test_a_model_is_staged_whole_tried_on_the_server_and_then_live(on_triton: OnTriton) -> None:
    on_triton.apart.run("stage")
    assert on_triton.label() == f"{NAME}@1", "nobody asks for it yet"
    sha256 = sha256_of(on_triton.apart.tools.paths.train_log("deployment-task") / "model.onnx")
    folder = _folder_of(on_triton.triton, sha256)
    assert folder.name.startswith(f"{NAME}-")
    found = {each.relative_to(folder).as_posix() for each in folder.rglob("*") if each.is_file()}
    assert found == {"config.pbtxt", "labels.txt", "model.json", "1/model.onnx"}
    assert sha256_of(folder / "1/model.onnx") == sha256
    assert (folder / "labels.txt").read_text().split() == ["a", "b", "c"]
    with on_triton.triton.client() as client:
        assert client.is_model_ready(folder.name, "1")
        on_triton.apart.run("smoke")
        (asked,) = client.get_inference_statistics(folder.name).model_stats
        assert asked.inference_count == 1, "it was tried where it will serve"
    on_triton.apart.run("activate")
    assert on_triton.label() == f"{NAME}@2"
    for version in (1, 2):
        model = on_triton.tools.models.get(f"{NAME}@{version}")
        expected = open_runtime("onnx://", model, 1)
        with open_runtime(on_triton.triton.url, model, 1) as served, expected:
            np.testing.assert_allclose(
                served.infer(IMAGES).result(), expected.infer(IMAGES).result(), rtol=1e-5
            )


def test_a_model_that_finds_other_boxes_on_the_server_does_not_go_live(
    on_triton: OnTriton,
) -> None:
    on_triton.apart.run("stage")
    known = on_triton.evaluation
    moved = [replace(each, xyxy=each.xyxy / 2) for each in known.new.found]
    leave_evaluation(on_triton.tools.paths, replace(known, new=replace(known.new, found=moved)))
    with pytest.raises(ModelError) as refused:
        on_triton.apart.run("smoke", "activate")
    assert refused.value.code == "smoke_failed"
    on_triton.assert_old_serves()


@pytest.mark.parametrize("step", ["stage", "smoke"])
def test_a_server_that_dies_leaves_the_old_model_live(on_triton: OnTriton, step: str) -> None:
    if step == "smoke":
        on_triton.apart.run("stage")
    on_triton.triton.kill()
    with pytest.raises(TransientError) as failed:
        on_triton.apart.run(step, "activate")
    assert failed.value.code == "triton_unavailable"
    on_triton.triton.start()
    on_triton.assert_old_serves()
    on_triton.apart.run(step)  # as its step is run again
    if step == "stage":
        on_triton.apart.run("smoke")
    on_triton.apart.run("activate")
    assert on_triton.label() == f"{NAME}@2"
