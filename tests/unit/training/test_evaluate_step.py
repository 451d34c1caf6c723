"""What a trained model is measured beside."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import pytest

from model_trainer.steps import evaluate as step
from shared.domain.task import Task, TrainingOptions
from shared.evaluation.record import EVALUATION_FILE, read_evaluation
from shared.inference.models import Model
from shared.inference.publish_model import publish_model
from shared.labels.coco import write_coco
from shared.labels.split_file import write_split
from shared.pipeline.tools import Tools
from tests.support.deploying import DATASET, NAME, TRAINING, noise_pictures, publish_present
from tests.support.tiny_models import TinyModel, ultralytics_metadata
from tests.support.toolbox import toolbox

TINY = TinyModel(
    dtype="uint8", layout="NHWC", dynamic_batch=True, metadata=ultralytics_metadata()
)  # fmt: skip


def _dataset(tools: Tools) -> None:
    folder, collected = tools.paths.train_log(DATASET), tools.paths.collected(DATASET)
    labels = noise_pictures(folder / "data" / "images", 4)
    write_split(folder / "train_test_split.txt", [], [each.name for each in labels.pictures])
    collected.mkdir(parents=True)
    write_coco(labels, collected / "labels.json")


def test_it_is_what_serves_when_the_training_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not what the training began with: another loop may have been quicker."""
    content = TINY.build().SerializeToString()
    manifest = TINY.manifest(sha256(content).hexdigest())
    weights = tmp_path / "weights.onnx"
    weights.write_bytes(content)
    with toolbox(tmp_path / "root") as tools:

        @contextmanager
        def weights_without_torch(*_: object) -> Iterator[object]:
            runtime = tools.open_runtime(Model(manifest, weights))
            yield SimpleNamespace(
                manifest=manifest, infer=runtime.infer, in_flight=runtime.in_flight
            )

        monkeypatch.setattr(step, "open_weights", weights_without_torch)
        publish_present(tools, ("a", "b", "c"))
        publish_model(tools.models, content, replace(manifest, name=NAME))
        _dataset(tools)
        tools.paths.train_log(TRAINING).mkdir()
        (tools.paths.train_log(TRAINING) / "model.pt").write_bytes(b"weights")
        options = TrainingOptions(DATASET, f"{NAME}@1")
        step.evaluate(tools, Task(TRAINING, "", options, DATASET))
        evaluation = read_evaluation(tools.paths.train_log(TRAINING) / EVALUATION_FILE)
    assert evaluation.old is not None
    assert evaluation.old.label == f"{NAME}@2"
