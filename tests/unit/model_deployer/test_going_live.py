"""What is published is what was measured, described as it will serve; once, or not at all."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from shared.domain.detection import Detections
from shared.domain.model import ModelManifest
from shared.errors import ConflictError, ModelError, PermanentError
from shared.evaluation.measure import measure
from shared.evaluation.record import Evaluation
from shared.evaluation.verdict import Verdict
from shared.events.model import ModelDeployed
from shared.inference.models import Model
from shared.inference.publish_model import publish_model
from shared.inference.roll_back import roll_back
from shared.pipeline.tools import Tools
from shared.storage.documents import read_document
from shared.storage.files import sha256_of
from tests.support.deploying import (
    DATASET,
    NAME,
    TRAINING,
    Apart,
    deployment,
    leave_evaluation,
    noise_pictures,
    publish_present,
)
from tests.support.tiny_models import TinyModel, ultralytics_metadata, with_external
from tests.support.toolbox import toolbox

TINY = TinyModel(
    dtype="uint8", layout="NHWC", dynamic_batch=True, metadata=ultralytics_metadata(),
)  # fmt: skip


@dataclass
class Converted:
    """A deployment whose model.onnx is there, and whose weights are not looked at."""

    tools: Tools
    apart: Apart
    evaluation: Evaluation
    file: Path

    def again(self, work: Path, **wishes: Any) -> Apart:
        return Apart(self.tools, deployment(**wishes), work)

    def label(self) -> str:
        return self.tools.models.get(NAME).manifest.label


@pytest.fixture
def converted(tmp_path: Path) -> Iterator[Converted]:
    with toolbox(tmp_path / "root", max_model_bytes=2**20) as tools:
        log = tools.paths.train_log
        publish_present(tools, ("a", "b", "c"))
        labels = noise_pictures(log(DATASET) / "data" / "images", 4)
        file = log("deployment-task") / "model.onnx"
        file.parent.mkdir(parents=True)
        TINY.save(file)
        (log(TRAINING)).mkdir()
        (log(TRAINING) / "model.pt").write_bytes(b"weights")
        model = Model(TINY.manifest(sha256_of(file)), file)
        runtime = tools.open_runtime(model)
        found = measure(runtime, model.manifest, labels, log(DATASET) / "data" / "images")
        new = replace(found, label="trained")
        weights = sha256_of(log(TRAINING) / "model.pt")
        none = replace(new, label=f"{NAME}@1", found=[Detections.empty()] * 4)
        evaluation = Evaluation(labels, new, none, weights, iou=0.6)
        leave_evaluation(tools.paths, evaluation)
        apart = Apart(tools, deployment(forced_by="ada"), tmp_path / "apart")
        apart.run("compare")
        yield Converted(tools, apart, evaluation, file)


def test_the_manifest_says_what_serves_and_how_it_came_about(converted: Converted) -> None:
    converted.apart.run("stage")
    paths = converted.tools.paths
    manifest = read_document(paths.train_log("deployment-task") / "model.json", ModelManifest)
    assert (manifest.name, manifest.classes) == (NAME, ("a", "b", "c"))
    assert manifest.sha256 == sha256_of(converted.file)
    assert manifest.weights_sha256 == converted.evaluation.weights_sha256
    assert (manifest.input.dtype, manifest.input.layout) == ("uint8", "NHWC")
    assert manifest.input.max_batch == 8
    assert manifest.thresholds.iou == 0.6
    assert 0.05 <= manifest.thresholds.confidence <= 0.9
    assert manifest.licence == "AGPL-3.0"
    expected = {
        "pictures": 4, "boxes": 4, "trained_by": TRAINING, "deployed_by": "deployment-task",
        "replaced": f"{NAME}@1", "forced_by": "ada",
    }  # fmt: skip
    assert {key: manifest.metrics[key] for key in expected} == expected
    assert {"mAP50", "mAP50_95", "verdict"} <= manifest.metrics.keys()


def _scored(evaluation: Evaluation, high: float) -> Evaluation:
    """With the labelled boxes as what was found, all with this score."""
    found = [
        Detections(
            np.array([box.xyxy for box in each.boxes], np.float32),
            np.full(len(each.boxes), high, np.float32),
            np.array([box.class_id for box in each.boxes], np.int32),
        )
        for each in evaluation.labels.pictures
    ]
    return replace(evaluation, new=replace(evaluation.new, found=found))


@pytest.mark.parametrize(("score", "confidence"), [(0.95, 0.9), (0.5004, 0.5), (0.0105, 0.05)])
def test_boxes_count_from_the_score_with_the_best_f1(
    converted: Converted, score: float, confidence: float
) -> None:
    leave_evaluation(converted.tools.paths, _scored(converted.evaluation, score))
    converted.apart.run("compare", "stage")
    assert converted.apart.outputs["stage"] == {"name": NAME, "confidence": confidence}


def test_a_model_that_would_find_nothing_where_it_serves_is_refused(
    converted: Converted, tmp_path: Path
) -> None:
    leave_evaluation(converted.tools.paths, _scored(converted.evaluation, 0.0105))
    with pytest.raises(PermanentError, match=r"scores from 0\.010") as refused:
        converted.again(tmp_path / "again").run("compare", "gate", "stage")
    assert refused.value.code == "too_unsure"


def test_it_goes_live_with_its_weights(converted: Converted) -> None:
    converted.apart.run("stage", "smoke", "activate")
    model = converted.tools.models.get(NAME)
    assert model.manifest.label == f"{NAME}@2"
    assert model.read() == converted.file.read_bytes()
    assert model.weights is not None
    assert model.weights.read_bytes() == b"weights"
    assert converted.apart.outputs["activate"] == {"model": f"{NAME}@2", "replaced": f"{NAME}@1"}
    assert converted.apart.told[-1] == ModelDeployed(
        user_id="ada", model=f"{NAME}@2", replaced=f"{NAME}@1", sha256=model.manifest.sha256,
        map50_95=model.manifest.metrics["mAP50_95"],
    )  # fmt: skip


def test_killed_between_publishing_and_committing_it_is_there_once(converted: Converted) -> None:
    converted.apart.run("stage", "activate")
    converted.apart.run("activate")
    assert converted.apart.outputs["activate"] == {"model": f"{NAME}@2", "replaced": f"{NAME}@1"}
    assert converted.tools.models.versions(NAME) == (1, 2)


def test_judged_again_when_it_serves_it_is_not_compared_with_itself(converted: Converted) -> None:
    verdict = converted.file.with_name("verdict.json")
    converted.apart.run("stage", "activate")
    before = verdict.read_bytes()
    converted.apart.run("compare")
    assert verdict.read_bytes() == before


def test_run_again_after_a_rollback_it_does_not_come_back(converted: Converted) -> None:
    converted.apart.run("stage", "activate")
    roll_back(converted.tools.models, NAME)
    converted.apart.run("activate")
    assert converted.label() == f"{NAME}@3"
    assert converted.tools.models.get(NAME).read() == b"present"


def test_a_model_that_was_measured_against_another_one_is_refused(
    converted: Converted, tmp_path: Path
) -> None:
    converted.apart.run("stage")
    publish_present(converted.tools, ("a", "b", "c"), b"better since")
    with pytest.raises(ConflictError) as refused:
        converted.again(tmp_path / "again").run("activate")
    assert refused.value.code == "other_model_serves"
    assert f"{NAME}@2 serves by now" in refused.value.message
    assert converted.label() == f"{NAME}@2"
    converted.again(tmp_path / "again", forced_by="ada").run("activate")
    assert converted.label() == f"{NAME}@3"


def test_what_went_live_since_the_training_is_what_it_is_measured_against(
    converted: Converted, tmp_path: Path
) -> None:
    since = TinyModel(
        dtype="uint8", layout="NHWC", dynamic_batch=True,
        metadata=ultralytics_metadata(description="of another loop"),
    )  # fmt: skip
    content = since.build().SerializeToString()
    manifest = replace(since.manifest(sha256(content).hexdigest()), name=NAME)
    publish_model(converted.tools.models, content, manifest)
    apart = converted.again(tmp_path / "again")
    with pytest.raises(PermanentError, match=rf"and {NAME}@2 \d\.\d+ \(\+0\.000\)") as rejected:
        apart.run("compare", "gate")
    assert rejected.value.code == "model_rejected"
    verdict = read_document(
        converted.tools.paths.train_log("deployment-task") / "verdict.json", Verdict
    )
    assert verdict.against == f"{NAME}@2"
    assert verdict.new == verdict.old, "it finds the same as the one that went live"
    forced = converted.again(tmp_path / "forced", forced_by="ada")
    forced.run("compare", "gate", "stage", "smoke", "activate")
    assert forced.outputs["activate"] == {"model": f"{NAME}@3", "replaced": f"{NAME}@2"}


def test_the_same_model_under_a_later_number_is_no_other_one(
    converted: Converted, tmp_path: Path
) -> None:
    converted.apart.run("stage")
    publish_present(converted.tools, ("a", "b", "c"))
    converted.again(tmp_path / "again").run("activate")
    assert converted.label() == f"{NAME}@3"


def _external(model: onnx.ModelProto) -> onnx.ModelProto:
    return with_external(model, lambda each: each.graph.initializer[0])


def _two_outputs(model: onnx.ModelProto) -> onnx.ModelProto:
    model.graph.output.append(model.graph.output[0])
    return model


def _fewer_classes(model: onnx.ModelProto) -> onnx.ModelProto:
    onnx.helper.set_model_props(model, ultralytics_metadata(2))
    return model


def _huge(model: onnx.ModelProto) -> onnx.ModelProto:
    onnx.helper.set_model_props(model, ultralytics_metadata(description="x" * 2**20))
    return model


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_external, "external_data"),
        (_two_outputs, "unsupported_model"),
        (_fewer_classes, "model_does_not_fit"),
        (_huge, "model_too_large"),
    ],
)
def test_a_file_that_cannot_serve_is_refused_and_nothing_staged(
    converted: Converted, spoil: Callable[[onnx.ModelProto], onnx.ModelProto], code: str
) -> None:
    converted.file.write_bytes(spoil(TINY.build()).SerializeToString())
    with pytest.raises(ModelError) as refused:
        converted.apart.run("stage", "smoke", "activate")
    assert refused.value.code == code
    assert not (converted.file.parent / "model.json").exists()
    assert converted.label() == f"{NAME}@1"


def _other_boxes(evaluation: Evaluation) -> Evaluation:
    moved = [replace(each, xyxy=each.xyxy / 2) for each in evaluation.new.found]
    return replace(evaluation, new=replace(evaluation.new, found=moved))


def _other_classes(evaluation: Evaluation) -> Evaluation:
    return replace(evaluation, new=replace(evaluation.new, classes=("x", "y", "z")))


@pytest.mark.parametrize("change", [_other_boxes, _other_classes])
def test_a_model_that_finds_other_things_than_when_measured_does_not_go_live(
    converted: Converted, change: Callable[[Evaluation], Evaluation]
) -> None:
    converted.apart.run("stage")
    leave_evaluation(converted.tools.paths, change(converted.evaluation))
    with pytest.raises(ModelError) as refused:
        converted.apart.run("smoke", "activate")
    assert refused.value.code == "smoke_failed"
    assert converted.label() == f"{NAME}@1"


def test_weights_that_were_changed_do_not_go_live(converted: Converted) -> None:
    converted.apart.run("stage")
    (converted.tools.paths.train_log(TRAINING) / "model.pt").write_bytes(b"others")
    with pytest.raises(PermanentError) as refused:
        converted.apart.run("activate")
    assert refused.value.code == "weights_changed"
    assert converted.label() == f"{NAME}@1"
